import { randomBytes } from 'node:crypto';
import { CryptoError, IntegrityError } from '../../../errors/errors.ts';
import type { Secret } from '../../../util/secret.ts';
import type { GpgSettings } from '../../gpg/settings.ts';
import { askVersion } from '../../gpg/run/version.ts';
import type { GpgVersion } from '../../gpg/run/arguments.ts';
import { sessionKeyAsker } from '../keys/asked-session-keys.ts';
import { keyDeriver } from '../keys/key-deriver.ts';
import { sessionKeys, unwrapped } from '../keys/session-keys.ts';
import { bodyOptions } from '../options/body-options.ts';
import { countByte, countOf } from '../packets/key-packets.ts';
import type { SessionKey } from '../packets/sealed-packet.ts';
import { type CipherFile, openCipherFile, opensWith } from '../reading/cipher-file.ts';
import { keyBytesOf, type MessageHead, MOST_HEAD_BYTES, parseHead } from '../reading/message-head.ts';
import { type LockPacket, splitHead } from './lock-packets.ts';
import { newRecipients } from './new-recipients.ts';
import { type OldLocks, resolveOld } from './old-locks.ts';
import { passphrasePacket } from './passphrase-packet.ts';
import { recipientPacket } from './recipient-packet.ts';

/** Who is to be able to open files from now on, and who is not any more. */
export interface LockChange {
  /** Public keys, in whatever words gpg takes. */
  readonly keys: readonly string[];
  readonly passphrase: Secret | undefined;
  /** Keys, and the words `passphrase`, `hidden` and `all`: everything but what is new. */
  readonly drop: readonly string[];
}

/** What of the change is made in one go through the files. */
export type Pass = 'add' | 'drop' | 'both';

/** A file with other packets in front: those, and where the data begin that follow them as they are. */
export interface Relocked {
  readonly keyPackets: Buffer;
  /** Those that it has. */
  readonly oldPackets: Buffer;
  readonly dataAt: number;
  /** The key of its data, where it was wanted. */
  readonly session?: SessionKey;
}

type Readable = Pick<CipherFile, 'read'>;

interface RelockOptions {
  readonly name: string;
  readonly pass: Pass;
  readonly signal: AbortSignal;
  readonly wantsSession?: boolean;
}

export interface Relocker {
  /** Whether a file that begins so needs nothing any more. */
  isDone(head: Buffer, name: string, pass: Pass): Promise<boolean>;
  /** For a local file. The data are not decrypted. */
  relock(path: string, options: RelockOptions): Promise<Relocked>;
}

const SALT_BYTES = 8;
const SHA256 = 8;
const MOST_COUNT = 65_011_712;

/**
 * Changes who can open files, by the packets before their data: the session key stays, and is seen by this process and by the
 * gpg that opens it. Public keys and what is wrong with them are gpg's matter (see new-recipients.ts).
 */
export async function openRelocker(settings: GpgSettings, change: LockChange, signal: AbortSignal): Promise<Relocker> {
  let asked: Promise<GpgVersion> | undefined;
  const version = (): Promise<GpgVersion> => (asked ??= askVersion(settings));
  const keyOf = sessionKeys(settings, version);
  const ask = sessionKeyAsker(settings, version);
  const derive = keyDeriver();
  const added = await newRecipients({ ...settings, recipients: change.keys, hiddenRecipients: [] }, version, signal);
  const old: OldLocks = await resolveOld(settings, change.drop);
  const both = added.find(({ id }) => old.keys.has(id));
  if (both !== undefined) {
    throw new CryptoError('USER_ERROR', `The key ${both.id} cannot be both added and dropped.`);
  }
  const count = countOf(countByte(bodyOptions(settings)?.s2kCount ?? MOST_COUNT));
  const s2k = { mode: 3, hash: SHA256, salt: randomBytes(SALT_BYTES), count } as const;
  /** By session key: files of one run share theirs. */
  const made = new Map<string, Map<string, Buffer>>();

  /** What the new passphrase finds in a packet. */
  async function byNew({ session }: LockPacket, file: Readable, head: MessageHead): Promise<SessionKey | undefined> {
    if (change.passphrase === undefined || session === undefined) return undefined;
    const { cipher, s2k, wrapped } = session;
    const key = await derive(s2k, change.passphrase, keyBytesOf(cipher));
    const found = wrapped ? unwrapped(wrapped, { cipher, key }) : { cipher, key };
    return found !== undefined && opensWith(file, head.data, found) ? found : undefined;
  }

  const isNew = async (...of: Parameters<typeof byNew>): Promise<boolean> => (await byNew(...of)) !== undefined;

  /** With the new passphrase, where it opens the file already, else with what opened it so far. */
  async function sessionOf({ packets, head, file, name, signal }: Opened): Promise<SessionKey> {
    for (const packet of packets) {
      const found = await byNew(packet, file, head);
      if (found !== undefined) return found;
    }
    const found = (await keyOf({ file, head, name, signal })) ?? (await ask(file, head, signal)).key;
    if (found === undefined) throw notOpened(name);
    return found;
  }

  async function isDropped(packet: LockPacket, file: Readable, head: MessageHead): Promise<boolean> {
    if (packet.keyId === undefined) return (old.passphrase || old.all) && !(await isNew(packet, file, head));
    if (packet.isHidden) return old.hidden || old.all;
    return old.keys.has(packet.keyId) || (old.all && !added.some(({ id }) => id === packet.keyId));
  }

  async function hasNewPassphrase(packets: readonly LockPacket[], file: Readable, head: MessageHead): Promise<boolean> {
    if (change.passphrase === undefined) return true;
    for (const packet of packets) if (packet.keyId === undefined && (await isNew(packet, file, head))) return true;
    return false;
  }

  const lacking = (packets: readonly LockPacket[]) =>
    added.filter(({ id }) => !packets.some(({ keyId }) => keyId === id));

  async function packetFor(session: SessionKey, who: 'passphrase' | (typeof added)[number]): Promise<Buffer> {
    const name = session.key.toString('latin1');
    const known = made.get(name) ?? new Map<string, Buffer>();
    made.set(name, known);
    const label = who === 'passphrase' ? who : who.id;
    const found = known.get(label);
    if (found !== undefined) return found;
    const packet =
      who === 'passphrase'
        ? await passphrasePacket(session, s2k, change.passphrase, derive)
        : recipientPacket(session, who);
    if (packet === undefined) throw unknownKind(label);
    known.set(label, packet);
    return packet;
  }

  return {
    async isDone(bytes, name, pass) {
      const { packets, head } = partsOf(bytes, name);
      const file = inMemory(bytes);
      if (pass !== 'drop' && (lacking(packets).length > 0 || !(await hasNewPassphrase(packets, file, head))))
        return false;
      if (pass === 'add') return true;
      for (const packet of packets) if (await isDropped(packet, file, head)) return false;
      return true;
    },

    async relock(path, { name, pass, signal, wantsSession = false }) {
      const file = openCipherFile(path);
      try {
        const parts = partsOf(file.head(MOST_HEAD_BYTES), name);
        const { packets, head, dataAt } = parts;
        let session: Promise<SessionKey> | undefined;
        const open = (): Promise<SessionKey> => (session ??= sessionOf({ ...parts, file, name, signal }));
        const kept: Buffer[] = [];
        for (const packet of packets) {
          if (pass === 'add' || !(await isDropped(packet, file, head))) kept.push(packet.bytes);
        }
        if (pass !== 'drop') {
          for (const recipient of lacking(packets)) kept.push(await packetFor(await open(), recipient));
          if (!(await hasNewPassphrase(packets, file, head))) kept.push(await packetFor(await open(), 'passphrase'));
        }
        if (kept.length === 0) throw nobodyLeft(name);
        const keyPackets = Buffer.concat(kept);
        const oldPackets = Buffer.concat(packets.map(({ bytes }) => bytes));
        const found = { keyPackets, oldPackets, dataAt };
        return wantsSession ? { ...found, session: await open() } : found;
      } finally {
        file.close();
      }
    },
  };
}

interface Opened {
  readonly packets: readonly LockPacket[];
  readonly head: MessageHead;
  readonly file: CipherFile;
  readonly name: string;
  readonly signal: AbortSignal;
}

function partsOf(bytes: Buffer, name: string): { packets: readonly LockPacket[]; head: MessageHead; dataAt: number } {
  const head = parseHead(bytes);
  const split = splitHead(bytes);
  if (head !== undefined && split !== undefined) return { ...split, head };
  throw new IntegrityError('DAMAGED', `${name} is no encrypted file of a form that can be given other keys.`, {
    hint: 'See with "check" whether it is damaged. Files of gpg with authenticated encryption are encrypted anew by "replicate".',
  });
}

/** The beginning of a file that lies elsewhere. */
function inMemory(bytes: Buffer): Readable {
  return { read: (buffer, from, to, at) => bytes.copy(buffer, from, at, Math.min(bytes.length, at + to - from)) };
}

function notOpened(name: string): CryptoError {
  return new CryptoError('GPG_FAILED', `${name} could not be opened with the key or passphrase at hand.`, {
    hint: 'Adding a key needs the old secret key or passphrase. Try "verify" with it.',
  });
}

function nobodyLeft(name: string): CryptoError {
  return new CryptoError('USER_ERROR', `Nobody could open ${name} any more: it is left as it is.`, {
    hint: 'Name with --encrypt-key, or --new-passphrase, who is to open it from now on.',
  });
}

function unknownKind(id: string): CryptoError {
  return new CryptoError('USER_ERROR', `The key ${id} is of a kind that "rekey" does not know.`, {
    hint: 'Use an RSA, ElGamal, Curve25519, NIST or Brainpool key, or encrypt anew with "replicate".',
  });
}
