import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { Secret } from '../../util/secret.ts';
import { DEFAULT_LEVEL } from '../deflate/deflate-stream.ts';
import { type GpgVersion, recipientsArguments } from '../gpg/run/arguments.ts';
import { knownCause } from '../gpg/causes.ts';
import { gpgFailure } from '../gpg/failure.ts';
import { encryptionSecret, type GpgSettings, isSymmetric } from '../gpg/settings.ts';
import { bodyOptions } from './options/body-options.ts';
import type { Encryption } from './encrypt.ts';
import type { BodyOptions } from './options/gpg-words.ts';
import { countByte, countOf, passphraseLock, type RecipientsLock, recipientsLock } from './packets/key-packets.ts';
import { asRecent } from '../gpg/run/version.ts';
import { COMPRESSION } from './packets/packet.ts';
import { askGpg } from './keys/run-gpg.ts';
import { openSigning, type Signing } from './keys/signing.ts';

const AES256 = 9;
/** SHA-1 gives 20 bytes at a time: two passes for a key of 32. */
const SHA256 = 8;
/** The most there is, and what gpg-agent chooses on machines of this decade. */
const MOST_COUNT = 65_011_712;

/** gpg takes its default for a count up to here. Seen with 2.2.40. */
const DEFAULT_COUNT_UP_TO = 1024;

/** How this run encrypts in process; undefined when each file has to go through gpg. */
export async function planEncryption(
  settings: GpgSettings,
  version: () => Promise<GpgVersion>,
  signal: AbortSignal,
): Promise<Encryption | undefined> {
  const options = bodyOptions(settings);
  if (!options) return undefined;
  // gpg-agent would ask for the passphrase of the file, and tell it to gpg alone.
  if (isSymmetric(settings) && settings.useAgent) return undefined;
  // A program that was named has to be there, as in the reference: the call will say what is wrong with it.
  if (settings.binary.includes('/') && !isProgram(settings.binary)) return undefined;
  const found = isSymmetric(settings)
    ? lockForPassphrase(settings, options)
    : await lockForRecipients(settings, { options, version, signal });
  if (!found) return undefined;
  let signing: Signing | undefined;
  if (settings.signKey !== undefined) {
    signing = await openSigning(settings, await version(), signal);
    if (!signing) return undefined;
  }
  const level = settings.compressionLevel ?? options.level ?? DEFAULT_LEVEL;
  return { lock: found, compression: level === 0 ? COMPRESSION.none : found.compression, level, signing };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** That of symmetric encryption. */
export function passphraseOf(settings: GpgSettings): Secret {
  const passphrase = encryptionSecret(settings);
  // gpg reads one line of it.
  if (!passphrase || /^(?:\n|$)/.test(passphrase.reveal())) throw emptyPassphrase();
  return passphrase;
}

/** One salt for the whole run, so that the key is derived once; every file has a random start of its own. */
function lockForPassphrase(settings: GpgSettings, options: BodyOptions): RecipientsLock {
  const passphrase = passphraseOf(settings);
  const cipher = options.cipher ?? options.preferredCipher ?? options.s2kCipher ?? AES256;
  const asked = options.s2kCount ?? 0;
  const count = countOf(countByte(asked > DEFAULT_COUNT_UP_TO ? asked : MOST_COUNT));
  const s2k = { mode: 3, hash: options.s2kHash ?? SHA256, salt: randomBytes(8), count } as const;
  const preferred = settings.compression ? (options.preferredCompression ?? COMPRESSION.zip) : COMPRESSION.none;
  return { ...passphraseLock(cipher, s2k, passphrase), compression: options.compression ?? preferred };
}

/**
 * gpg encrypts nothing for the recipients, and for a passphrase that only we know besides: what it makes holds the
 * packets for them, and, under that passphrase, the session key. All that concerns public keys stays with gpg.
 */
async function lockForRecipients(
  settings: GpgSettings,
  call: { readonly options: BodyOptions; readonly version: () => Promise<GpgVersion>; readonly signal: AbortSignal },
): Promise<RecipientsLock | undefined> {
  const { options, version, signal } = call;
  const secret = new Secret(randomBytes(32).toString('hex'));
  const mayChoose = options.compression === undefined && options.preferredCompression === undefined;
  const { result, output } = await asRecent(
    version,
    (found) => {
      const args = recipientsArguments(settings, found, mayChoose);
      // The passphrase is ours, whoever keeps those of the user's keys.
      return askGpg({ ...settings, useAgent: false }, { args, secret, signal });
    },
    ({ result: { exitCode } }) => exitCode === 0,
  );
  if (result.exitCode === 0) return recipientsLock(output, secret);
  if (knownCause(result, 'writing')) throw gpgFailure({ result, direction: 'writing', settings });
  return undefined;
}

/** What gpg says to it. */
function emptyPassphrase(): Error {
  const log =
    "gpg: error creating passphrase: Invalid passphrase\ngpg: symmetric encryption of '[stdin]' failed: Invalid passphrase";
  return gpgFailure({ result: { exitCode: 2, signal: null, status: [], log }, direction: 'writing' });
}
