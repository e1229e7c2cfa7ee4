import { splitPackets } from '../packets/split-packets.ts';
import { TAG } from '../packets/packet.ts';
import { parseHead } from './message-head.ts';

/** Who can open an encrypted file, as far as its first bytes tell everybody. */
export interface Locks {
  /** By how many passphrases. */
  readonly passphrases: number;
  /** Ids of the keys it is encrypted to, upper-case hex, in order; hidden ones left out. */
  readonly keys: readonly string[];
  /** Keys that are not named. */
  readonly hidden: number;
}

const KEY_ID = { at: 1, bytes: 8 };
const HIDDEN = '0000000000000000';

/** Undefined for what is no encrypted file such as backups hold. */
export function readLocks(head: Buffer): Locks | undefined {
  const packets = splitPackets(parseHead(head)?.sessionPackets ?? Buffer.alloc(0));
  if (packets === undefined || packets.length === 0) return undefined;
  const ids = packets.flatMap(({ tag, body }) =>
    tag === TAG.publicKeySession ? [body.toString('hex', KEY_ID.at, KEY_ID.at + KEY_ID.bytes).toUpperCase()] : [],
  );
  const keys = ids.filter((id) => id !== HIDDEN).sort();
  return { passphrases: packets.length - ids.length, keys, hidden: ids.length - keys.length };
}

/** Whether two files can be opened by the same: of hidden keys only their number is known. */
export function areAlike(a: Locks, b: Locks): boolean {
  return a.passphrases === b.passphrases && a.hidden === b.hidden && a.keys.join() === b.keys.join();
}
