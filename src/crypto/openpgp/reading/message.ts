import { inflated, type PacketFormat } from './inflate.ts';
import { COMPRESSION, TAG } from '../packets/packet.ts';
import { MARKER_TAG, type PacketHeader } from '../packets/packet-header.ts';
import { InvalidPacket, PacketReader } from '../packets/packet-reader.ts';
import { Unreadable } from './unreadable.ts';

interface MessageOptions {
  /** A block is done with when the next one is asked for. Otherwise it belongs to the receiver. */
  readonly reuses: boolean;
  /** See `inflated`. */
  readonly room?: () => Buffer;
  readonly warn: (text: string) => void;
}

/** A message out of its encryption and its compression. */
export interface Message {
  readonly isSigned: boolean;
  /** Shows the packets of a signed message, all of them, while its literal is read. */
  watch(onBlock: (block: Buffer) => void): void;
  /** The literal data, and then a look at what follows. Nothing is wrong with the message before the first block. */
  literal(): Generator<Buffer, void>;
  close(): void;
}

/** gpg allows 32 levels. */
const MOST_LEVELS = 8;
const FORMATS: Readonly<Record<number, PacketFormat>> = { [COMPRESSION.zip]: 'raw', [COMPRESSION.zlib]: 'zlib' };
/** What may stand before the data of a signed message, in the form of today and the one before. */
const SIGNED: ReadonlySet<number> = new Set([TAG.onePassSignature, TAG.signature]);
const BINARY = 'b'.charCodeAt(0);
/** Before the name comes its length, behind it a date. */
const DATE_BYTES = 4;
/** What both releases of the reference tolerate, because gpg has complained about sound files in this way. */
const STRAY = 0x14;

/** Throws `Unreadable` for what is left to gpg. */
export function openMessage(packets: Iterable<Buffer>, { reuses, room, warn }: MessageOptions): Message {
  const levels = [new PacketReader(packets)];
  let reader = levels[0] ?? new PacketReader([]);
  let stray: number | undefined;
  const onTrailing = (byte: number): void => {
    stray ??= byte;
  };
  let header = next(reader);
  while (header.tag === TAG.compressed) {
    if (levels.length > MOST_LEVELS) throw new Unreadable('it is compressed too many times');
    reader = new PacketReader(decompressed(reader.body(header), { reuses, room, onTrailing }));
    levels.push(reader);
    header = next(reader);
  }
  if (!SIGNED.has(header.tag) && header.tag !== TAG.literal) throw outOfPlace(header);

  function* literal(): Generator<Buffer, void> {
    while (header.tag !== TAG.literal) {
      if (!SIGNED.has(header.tag)) throw outOfPlace(header);
      reader.skip(header);
      header = next(reader);
    }
    yield* literalData(reader.body(header));
    finish();
  }

  function finish(): void {
    try {
      for (const level of levels.toReversed()) {
        expectEnd(level);
        if (stray !== undefined) throw new InvalidPacket(stray);
      }
    } catch (error) {
      if (!(error instanceof InvalidPacket) || error.byte !== STRAY) throw error;
      warn('there is an invalid packet (ctb=14) behind the data.');
    }
  }

  return {
    isSigned: SIGNED.has(header.tag),
    watch: (onBlock) => reader.watch(onBlock),
    literal,
    close() {
      for (const level of levels) level.close();
    },
  };
}

function outOfPlace({ tag }: PacketHeader): Unreadable {
  return new Unreadable(`it holds a packet with tag ${tag} where its data should be`);
}

/** The next packet that means something. */
function next(reader: PacketReader): PacketHeader {
  for (;;) {
    const header = reader.header();
    if (!header) throw new Unreadable('it holds no data');
    if (header.tag !== MARKER_TAG) return header;
    reader.skip(header);
  }
}

function decompressed(body: Generator<Buffer, void>, options: Parameters<typeof inflated>[2]): Iterable<Buffer> {
  const first = body.next();
  const number = first.done ? undefined : first.value[0];
  if (first.done || number === undefined) throw new Unreadable('it holds an empty packet');
  const rest = behind(first.value.subarray(1), body);
  if (number === COMPRESSION.none) return rest;
  const format = FORMATS[number];
  if (format === undefined) throw new Unreadable(`it is compressed in a way unknown here (${number})`);
  return inflated(rest, format, options);
}

function* behind(first: Buffer, body: Generator<Buffer, void>): Generator<Buffer, void> {
  if (first.length > 0) yield first;
  yield* body;
}

/** The data of a literal packet, without kind, name and date. */
function* literalData(body: Generator<Buffer, void>): Generator<Buffer, void> {
  let head: Buffer = Buffer.alloc(0);
  for (const block of body) {
    head = head.length === 0 ? block : Buffer.concat([head, block]);
    const [kind, nameBytes] = head;
    // gpg changes the line ends of text.
    if (kind !== BINARY) throw new Unreadable('it holds text');
    if (nameBytes === undefined || head.length < 2 + nameBytes + DATE_BYTES) continue;
    const data = head.subarray(2 + nameBytes + DATE_BYTES);
    if (data.length > 0) yield data;
    yield* body;
    return;
  }
  throw new Unreadable('it ends in the middle of a packet');
}

function expectEnd(reader: PacketReader): void {
  for (let header = reader.header(); header; header = reader.header()) {
    if (header.tag !== TAG.signature && header.tag !== MARKER_TAG) {
      throw new Unreadable(`it holds a packet with tag ${header.tag} behind its data`);
    }
    reader.skip(header);
  }
}
