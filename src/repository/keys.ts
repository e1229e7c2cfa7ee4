import type { Codec } from '../crypto/codec.ts';
import { codecs, type CodecSettings, writeCodec } from '../crypto/codecs.ts';
import {
  checkSymmetricSigning,
  newPassphraseOf,
  type PassphraseAction,
  passphraseSource,
  type PassphraseSource,
  type Question,
} from '../crypto/passphrase.ts';
import { type KeyOwner, keyOwners } from '../crypto/key-owners.ts';
import { hasSecretKey, noSecretKey } from '../crypto/secret-key.ts';
import type { LockChange, Relocker } from '../crypto/openpgp/rekey/relock.ts';
import { gzipCodec } from '../crypto/plain/gzip.ts';
import type { Secret } from '../util/secret.ts';
import type { Emit } from '../events/events.ts';

/** How files are encoded and decoded in this run. Passphrases are found, or asked for, when first needed. */
export interface Keys {
  readonly isSymmetric: boolean;
  /** What is written is signed. */
  readonly signs: boolean;
  /** By which key, as it was typed. */
  readonly signer: string | undefined;
  /** The codec each of these remote files asks for, ready to read them. */
  reader(names: readonly string[]): Promise<(name: string) => Codec>;
  /** Whether a remote file can be read without asking for anything more. */
  canRead(name: string): boolean;
  /** Whether somebody would be asked for a passphrase to read a remote file. */
  wouldAsk(name: string): boolean;
  /** Whose the encryption keys with these ids are, as far as the key ring knows them. */
  owners(ids: readonly string[]): Promise<ReadonlyMap<string, KeyOwner>>;
  /** Changes who can open files; the old passphrase, and a new one, are found, or asked for. */
  relocker(change: RelockerOptions, signal: AbortSignal): Promise<Relocker>;
  writers(): Promise<Writers>;
  /** The codec of a file in the archive dir, which is never encrypted. */
  local(name: string): Codec;
}

export interface Writers {
  /** For volumes and signatures. */
  readonly volume: Codec;
  readonly manifest: Codec;
  /** For signatures in the archive dir. */
  readonly local: Codec;
}

/** Who is to be able to open files, and who is not any more. */
export interface RelockerOptions extends Pick<LockChange, 'keys' | 'drop'> {
  /** True: found in the environment, or asked for. */
  readonly newPassphrase: boolean | Secret;
}

/** How files are encoded, and with what gpg is run. */
export interface Encoding {
  readonly encryption: boolean;
  readonly compression: boolean;
  /** 0 to 9; by default what is best for the kind of encryption. */
  readonly compressionLevel?: number | undefined;
  /** With none, hidden or not, encryption is symmetric. */
  readonly recipients: readonly string[];
  readonly hiddenRecipients: readonly string[];
  readonly signKey?: string | undefined;
  readonly useAgent: boolean;
  readonly gpgBinary: string;
  readonly gpgOptions: readonly string[];
}

/** What the keys are for. */
export type KeysAction = Exclude<PassphraseAction, 'inc' | 'sync'> | 'incremental';

/** Finds a passphrase that the environment does not tell; `warn` says each text once. */
export type AskSecret = (question: Question, warn: (text: string) => void) => Promise<Secret>;

interface KeysOptions {
  readonly encoding: Encoding;
  readonly action: KeysAction;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly emit: Emit;
  readonly ask: AskSecret;
}

export function openKeys({ encoding, action, env, emit, ask }: KeysOptions): Keys {
  const { encryption, compression, hiddenRecipients, signKey, useAgent, compressionLevel } = encoding;
  const recipients = [...encoding.recipients, ...hiddenRecipients];
  const isBackup = action === 'full' || action === 'incremental' || action === 'backup';
  const warned = new Set<string>();
  const warn = (text: string): void => {
    // What holds for a key holds for every file: it is said once.
    if (!warned.has(text)) emit({ kind: 'warning', text });
    warned.add(text);
  };
  const secrets: { passphrase?: Secret; signPassphrase?: Secret } = {};
  let current: ((suffix: Codec['suffix']) => Codec) | undefined;

  function gpgSettings(): CodecSettings['gpg'] {
    return {
      binary: encoding.gpgBinary,
      options: encoding.gpgOptions,
      recipients: encoding.recipients,
      hiddenRecipients,
      useAgent,
      compression,
      env,
      ...(signKey !== undefined && { signKey }),
      ...(compressionLevel !== undefined && { compressionLevel }),
      ...secrets,
    };
  }

  /** Made anew when a passphrase has become known. */
  function codecOf(suffix: Codec['suffix']): Codec {
    current ??= codecs({
      gpg: gpgSettings(),
      ...(compressionLevel !== undefined && { gzipLevel: compressionLevel }),
      warn,
    });
    return current(suffix);
  }

  function sourceOf(kind: 'encryption' | 'signing', needsDecryption: boolean): PassphraseSource {
    return passphraseSource({
      kind,
      // Whoever has to decrypt metadata asks, whatever the action.
      action: action === 'incremental' ? 'inc' : needsDecryption && !isBackup ? 'sync' : action,
      env,
      recipients,
      signKey,
      noEncryption: !encryption && !needsDecryption,
      useAgent,
      needsDecryption,
    });
  }

  async function find(kind: 'encryption' | 'signing', needsDecryption: boolean): Promise<void> {
    const slot = kind === 'encryption' ? 'passphrase' : 'signPassphrase';
    if (secrets[slot] !== undefined) return;
    const source = sourceOf(kind, needsDecryption);
    if (source.from === 'none') return;
    if (source.from === 'ask' && isBackup && needsDecryption && recipients.length > 0) {
      if (!(await hasSecretKey(gpgSettings()))) throw noSecretKey(recipients);
    }
    if (source.from === 'env' && source.notice !== undefined) emit({ kind: 'notice', text: source.notice });
    if (source.from === 'env' && source.warning !== undefined) warn(source.warning);
    secrets[slot] = source.from === 'env' ? source.secret : await ask(source.question, warn);
    current = undefined;
  }

  async function findNew(): Promise<Secret> {
    const given = env['NEW_PASSPHRASE'];
    if (given !== undefined && given !== '') return newPassphraseOf(given);
    const retype = 'Retype the new passphrase to confirm: ';
    return ask({ prompt: 'New passphrase: ', retype, mayBeEmpty: false, variable: 'NEW_PASSPHRASE' }, warn);
  }

  return {
    isSymmetric: recipients.length === 0,
    signs: signKey !== undefined,
    signer: signKey,
    async reader(names) {
      if (names.some((name) => suffixOf(name) === '.gpg')) await find('encryption', true);
      return (name) => codecOf(suffixOf(name));
    },
    canRead: (name) => suffixOf(name) !== '.gpg' || useAgent || secrets.passphrase?.isEmpty === false,
    wouldAsk: (name) =>
      suffixOf(name) === '.gpg' && secrets.passphrase === undefined && sourceOf('encryption', true).from === 'ask',
    owners: (ids) => keyOwners(gpgSettings(), ids),
    async relocker({ keys, drop, newPassphrase }, signal) {
      await find('encryption', true);
      const passphrase = newPassphrase === true ? await findNew() : newPassphrase || undefined;
      const { openRelocker } = await import('../crypto/openpgp/rekey/relock.ts');
      return openRelocker(gpgSettings(), { keys, drop, passphrase }, signal);
    },
    async writers() {
      if (encryption) {
        await find('encryption', false);
        if (signKey !== undefined) await find('signing', false);
        checkSymmetricSigning({ recipients, signKey, ...secrets });
      }
      const wanted = { encryption, compression };
      return {
        volume: codecOf(writeCodec(wanted, 'volume')),
        manifest: codecOf(writeCodec(wanted, 'manifest')),
        // Read on every run, and hardly smaller at any other level: signatures are hashes.
        local: gzipCodec({ level: 1 }),
      };
    },
    local: (name) => codecOf(suffixOf(name)),
  };
}

/** By the end of the name, as files of all ages are named. */
function suffixOf(name: string): Codec['suffix'] {
  if (/\.(?:gpg|g)$/.test(name)) return '.gpg';
  return /\.(?:gz|z)$/.test(name) ? '.gz' : '';
}
