import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/*
 * What par2 writes, as far as the name of the one file that it is about goes into it (Parity Volume Set Specification
 * 2.0). A packet: magic, length, MD5 of what follows, id of the set, type, body. The id of the set is the MD5 of the body of its
 * main packet, which has the ids of the files; the id of a file is the MD5 of what describes it, its name at the end. The
 * bytes that can be recovered depend on none of them.
 */
const MAGIC = Buffer.from('PAR2\0PKT');
const LENGTH_AT = 8;
const MD5_AT = 16;
const SET_AT = 32;
const TYPE_AT = 48;
const BODY_AT = 64;
const ID = 16;
/** Of a description: id, MD5, then what the id is made of, with the name behind 24 bytes. */
const DESCRIBED_AT = BODY_AT + 2 * ID;
const NAME_AT = DESCRIBED_AT + ID + 8;
/** Of a main packet: size of a slice, number of files, their ids. */
const COUNT_AT = BODY_AT + 8;
const FILES_AT = BODY_AT + 12;
/** A body is held in memory; a slice of a volume is far from that. */
const LARGEST = 1024 * 1024 * 1024;

type Kind = 'Main' | 'FileDesc' | 'IFSC' | 'RecvSlic' | 'Creator';

/** A set of recovery files under another name of its file. */
interface Renaming {
  readonly name: Buffer;
  readonly fileId: Buffer;
  readonly setId: Buffer;
  readonly oldSetId: Buffer;
}

/**
 * Writes the recovery files at `paths`, the first of which has no recovery blocks, anew as `targets`, for their file under the
 * name `to`. False where they are not whole, or about something else than one file of a name in `from`.
 */
export async function renameRecovery(
  paths: readonly string[],
  targets: readonly string[],
  { from, to }: { readonly from: readonly string[]; readonly to: string },
): Promise<boolean> {
  const renaming = await renamingOf(paths[0] ?? '', from, to);
  if (renaming === undefined) return false;
  for (const [i, path] of paths.entries()) {
    const out = await open(targets[i] ?? '', 'w', 0o600);
    try {
      for await (const packet of packetsOf(path)) {
        const written = packet && renamed(packet, renaming);
        if (written === undefined) return false;
        await out.writeFile(written);
      }
    } finally {
      await out.close();
    }
  }
  return true;
}

async function renamingOf(path: string, from: readonly string[], to: string): Promise<Renaming | undefined> {
  let main: Buffer | undefined;
  let described: Buffer | undefined;
  for await (const packet of packetsOf(path)) {
    if (packet === undefined) return undefined;
    if (kindOf(packet) === 'Main') main = packet;
    if (kindOf(packet) === 'FileDesc') described ??= packet;
  }
  if (main?.readUInt32LE(COUNT_AT) !== 1 || described === undefined) return undefined;
  const old = nameIn(described);
  const oldId = described.subarray(BODY_AT, BODY_AT + ID);
  const isOne = idOf(described, old).equals(oldId) && main.subarray(FILES_AT).equals(oldId);
  const oldSetId = md5(main.subarray(BODY_AT));
  if (!isOne || !from.includes(old.toString()) || !oldSetId.equals(setOf(main))) return undefined;
  const name = Buffer.from(to);
  const fileId = idOf(described, name);
  const setId = md5(Buffer.concat([main.subarray(BODY_AT, FILES_AT), fileId]));
  return { name, fileId, setId, oldSetId };
}

function renamed(packet: Buffer, { name, fileId, setId, oldSetId }: Renaming): Buffer | undefined {
  if (!setOf(packet).equals(oldSetId)) return undefined;
  const kind = kindOf(packet);
  let written = Buffer.from(packet);
  if (kind === 'Main') fileId.copy(written, FILES_AT);
  else if (kind === 'IFSC') fileId.copy(written, BODY_AT);
  else if (kind === 'FileDesc') {
    const padding = Buffer.alloc(-name.length & 3);
    written = Buffer.concat([packet.subarray(0, NAME_AT), name, padding]);
    fileId.copy(written, BODY_AT);
    written.writeBigUInt64LE(BigInt(written.length), LENGTH_AT);
  } else if (kind !== 'RecvSlic' && kind !== 'Creator') return undefined;
  setId.copy(written, SET_AT);
  md5(written.subarray(SET_AT)).copy(written, MD5_AT);
  return written;
}

/** One at a time; undefined, and no more, where the file is not whole. */
async function* packetsOf(path: string): AsyncGenerator<Buffer | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size;) {
      const head = Buffer.alloc(BODY_AT);
      await file.read(head, 0, BODY_AT, at);
      const length = Number(head.readBigUInt64LE(LENGTH_AT));
      const isOne = head.subarray(0, MAGIC.length).equals(MAGIC) && length >= BODY_AT && length <= LARGEST;
      if (!isOne || at + length > size) return yield undefined;
      const packet = Buffer.alloc(length);
      await file.read(packet, 0, length, at);
      if (!md5(packet.subarray(SET_AT)).equals(packet.subarray(MD5_AT, SET_AT))) return yield undefined;
      yield packet;
      at += length;
    }
  } finally {
    await file.close();
  }
}

function kindOf(packet: Buffer): Kind | undefined {
  const type = packet.subarray(TYPE_AT, BODY_AT).toString('latin1');
  const kinds: readonly Kind[] = ['Main', 'FileDesc', 'IFSC', 'RecvSlic', 'Creator'];
  return kinds.find((kind) => type === `PAR 2.0\0${kind}`.padEnd(ID, '\0'));
}

function setOf(packet: Buffer): Buffer {
  return packet.subarray(SET_AT, TYPE_AT);
}

function nameIn(described: Buffer): Buffer {
  const end = described.indexOf(0, NAME_AT);
  return described.subarray(NAME_AT, end < 0 ? described.length : end);
}

function idOf(described: Buffer, name: Buffer): Buffer {
  return md5(Buffer.concat([described.subarray(DESCRIBED_AT, NAME_AT), name]));
}

function md5(bytes: Buffer): Buffer {
  return createHash('md5').update(bytes).digest();
}
