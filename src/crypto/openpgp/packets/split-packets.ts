/** One packet of a message. */
export interface RawPacket {
  readonly tag: number;
  readonly body: Buffer;
  /** Header included. */
  readonly bytes: Buffer;
}

/** The packets of a small message that is whole in memory; undefined when it is cut off or no OpenPGP message. */
export function splitPackets(message: Buffer): readonly RawPacket[] | undefined {
  const packets: RawPacket[] = [];
  for (let at = 0; at < message.length;) {
    const read = readPacket(message, at);
    if (!read || read.end > message.length) return undefined;
    packets.push({ tag: read.tag, body: Buffer.concat(read.parts), bytes: message.subarray(at, read.end) });
    at = read.end;
  }
  return packets;
}

interface Extent {
  readonly tag: number;
  readonly parts: readonly Buffer[];
  readonly end: number;
}

/** Source: RFC 4880, 4.2. */
function readPacket(message: Buffer, at: number): Extent | undefined {
  const first = message[at] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  if ((first & 0x40) !== 0) return readParts(message, at + 1, first & 0x3f);
  const tag = (first >> 2) & 0xf;
  const kind = first & 3;
  if (kind === 3) return { tag, parts: [message.subarray(at + 1)], end: message.length };
  const lengthBytes = 2 ** kind;
  const start = at + 1 + lengthBytes;
  if (start > message.length) return undefined;
  const end = start + message.readUIntBE(at + 1, lengthBytes);
  return { tag, parts: [message.subarray(start, end)], end };
}

function readParts(message: Buffer, from: number, tag: number): Extent | undefined {
  const parts: Buffer[] = [];
  for (let at = from; at < message.length;) {
    const first = message[at] ?? 0;
    const isPart = first >= 224 && first < 255;
    const lengthBytes = first < 192 || isPart ? 1 : first < 224 ? 2 : 5;
    const start = at + lengthBytes;
    if (start > message.length) return undefined;
    const end = start + (isPart ? 2 ** (first & 0x1f) : newLength(message, at, first));
    parts.push(message.subarray(start, end));
    if (!isPart) return { tag, parts, end };
    at = end;
  }
  return undefined;
}

function newLength(message: Buffer, at: number, first: number): number {
  if (first < 192) return first;
  if (first < 224) return ((first - 192) << 8) + (message[at + 1] ?? 0) + 192;
  return message.readUInt32BE(at + 1);
}
