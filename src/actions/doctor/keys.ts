import { agentFacts, gpgVersion, hasSecretHalf, keyFacts, stateInWords } from '../../crypto/look-at-gpg.ts';
import type { Encoding } from '../../repository/keys.ts';
import { newestEncrypted, opens } from '../../repository/preflight/passphrase.ts';
import type { Collection } from '../../collections/collection.ts';
import type { Repository } from '../../repository/repository.ts';
import { asctime } from '../../util/time.ts';
import { failed, type Finding, ok, trouble, warning } from './finding.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Settings = Parameters<typeof keyFacts>[0];

/** Keys that end within so many seconds are told of. */
const SOON = 30 * 86_400;

/** The program for keys, and its agent where a secret key may be asked for. */
export async function gpg(encoding: Encoding, env: Env): Promise<readonly Finding[]> {
  const { recipients, hiddenRecipients, signKey, useAgent } = encoding;
  const isNeeded = [...recipients, ...hiddenRecipients].length > 0 || signKey !== undefined || useAgent;
  const settings = settingsOf(encoding, env);
  try {
    const version = await gpgVersion(settings);
    const agent = isNeeded ? await agentFacts(settings) : undefined;
    if (agent === undefined) return [ok('gpg', version)];
    if (agent.isTooLong) {
      const text = `${version}; the socket of its agent has too long a name: ${agent.socket}`;
      return [warning('gpg', text, 'Choose a shorter GNUPGHOME.')];
    }
    return [ok('gpg', `${version}; its agent ${agent.isRunning ? 'runs' : 'is started when it is needed'}`)];
  } catch (error) {
    if (isNeeded) return [failed('gpg', error)];
    return [ok('gpg', 'not there; passphrases alone, or none, do without')];
  }
}

/** Keys that a backup encrypts to and signs with. */
export async function keyRing(encoding: Encoding, env: Env, now: number): Promise<readonly Finding[]> {
  const { recipients, hiddenRecipients, signKey } = encoding;
  const settings = settingsOf(encoding, env);
  const findings: Finding[] = [];
  for (const key of [...recipients, ...hiddenRecipients]) findings.push(await lookAt(settings, { key, use: 'e', now }));
  if (signKey !== undefined) findings.push(await lookAt(settings, { key: signKey, use: 's', now }));
  return findings;
}

interface Wanted {
  readonly key: string;
  readonly use: 'e' | 's';
  readonly now: number;
}

async function lookAt(settings: Settings, { key, use, now }: Wanted): Promise<Finding> {
  const about = use === 'e' ? 'encrypt key' : 'sign key';
  const facts = keyFacts(settings, key, use);
  if (facts === undefined) return trouble(about, `${key} is not in the key ring`, 'Import it with gpg --import.');
  const { state, expires, owner, isAble } = facts;
  const name = owner === undefined ? key : `${key} (${owner})`;
  if (!isAble) return trouble(about, `${name} has no part for that`, 'Name a key with a sub-key for it.');
  if (state !== undefined) {
    const extend =
      state.is === 'expired' ? 'Extend it (gpg --quick-set-expire), or name another one.' : 'Name another one.';
    return trouble(about, `${name} ${stateInWords(state)}`, extend);
  }
  const secret = (await hasSecretHalf(settings, key)) ? 'its secret half is here' : 'its secret half is not here';
  if (expires === undefined) return ok(about, `${name} does not expire; ${secret}`);
  const text = `${name} expires ${asctime(expires)}; ${secret}`;
  return expires - now > SOON
    ? ok(about, text)
    : warning(about, text, 'Extend it (gpg --quick-set-expire) before that.');
}

/** What is written can be: keys are good, the secret half of the one that signs opens, there is a passphrase. */
export async function writing({ keys, call }: Repository): Promise<Finding> {
  try {
    const { volume } = await keys.writers();
    await volume.prepare?.(call.signal);
    if (volume.suffix !== '.gpg') return ok('encryption', 'none, as the options say');
    const signed = keys.signs ? ', signed' : '';
    return ok('encryption', keys.isSymmetric ? `with a passphrase${signed}` : `to keys${signed}`);
  } catch (error) {
    return failed('encryption', error);
  }
}

/** What is stored can be read with the key and passphrase at hand. */
export async function reading(repository: Repository, collection: Collection): Promise<Finding | undefined> {
  const newest = newestEncrypted(collection);
  if (newest === undefined) return undefined;
  const set = `the newest backup, of ${asctime(newest.end)}`;
  try {
    const found = await opens(repository, newest.manifest);
    if (found === undefined)
      return warning('passphrase', `it is not known whether ${set} can be read`, 'Set PASSPHRASE.');
    if (found.cannot === undefined) return ok('passphrase', `it opens ${set}`);
    // Who encrypts to a key need not have the secret half: only restoring needs it.
    return failed('passphrase', found.cannot, repository.keys.isSymmetric ? 'trouble' : 'warning');
  } catch (error) {
    return failed('passphrase', error, 'warning');
  }
}

function settingsOf(encoding: Encoding, env: Env): Settings {
  const { gpgBinary: binary, gpgOptions: options, useAgent, compression } = encoding;
  return { binary, options, env, useAgent, compression, recipients: [], hiddenRecipients: [] };
}
