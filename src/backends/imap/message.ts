import type { Body } from '../backend.ts';

/** Bytes and characters of a line of base64, as in RFC 2045. */
const LINE_BYTES = 57;
const LINE_CHARS = 76;
const BREAK = '\r\n';

/** Whole lines encoded at once: 57 KiB. */
const PIECE = 1024 * LINE_BYTES;

const BOUNDARY = '===============7103529848172360185==';

/**
 * A file as the reference's IMAP back end stores it: a message whose From is the prefix, whose Subject is the name, both
 * raw and in one line, and whose only part is the content. Source: messages of 0.8.22 (test/conformance/imap.test.ts reads
 * and writes them). The library sends from memory, so that the whole message lies there: 1.4 times the file.
 * Throws what `body` throws; undefined when it had another size than it said.
 */
export async function encodeMessage(prefix: string, name: string, body: Body): Promise<Buffer | undefined> {
  const head = Buffer.from(
    [
      `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`,
      'MIME-Version: 1.0',
      `From: ${prefix}`,
      `Subject: ${name}`,
      '',
      `--${BOUNDARY}`,
      'Content-Type: application/binary',
      'MIME-Version: 1.0',
      'Content-Transfer-Encoding: base64',
      '',
      '',
    ].join(BREAK),
  );
  const tail = Buffer.from(`--${BOUNDARY}--${BREAK}`);
  const message = Buffer.allocUnsafeSlow(head.length + encodedLength(body.size) + tail.length);
  let at = head.copy(message);
  let held: Buffer = Buffer.alloc(0);
  let size = 0;
  const add = (bytes: Buffer): void => {
    at += message.write(bytes.toString('base64').replace(/.{1,76}/g, `$&${BREAK}`), at, 'latin1');
  };
  for await (const block of body.open()) {
    size += block.length;
    if (size > body.size) return undefined;
    held = held.length === 0 ? block : Buffer.concat([held, block]);
    let done = 0;
    for (; held.length - done >= PIECE; done += PIECE) add(held.subarray(done, done + PIECE));
    held = held.subarray(done);
  }
  if (size !== body.size) return undefined;
  add(held);
  tail.copy(message, at);
  return message;
}

/** Bytes of the encoded part with the line breaks, the last one included. */
function encodedLength(size: number): number {
  const chars = Math.ceil(size / 3) * 4;
  return chars + Math.ceil(chars / LINE_CHARS) * BREAK.length;
}

/**
 * Bytes of a file, from the encoded bytes of its part and the last few of those. undefined where the lines are not of 76
 * characters, as other writers may have made them.
 */
export function decodedSize(encoded: number, end: Buffer): number | undefined {
  const text = end.toString('latin1');
  const trailing = /[\r\n]*$/.exec(text)?.[0].length ?? 0;
  const length = encoded - trailing;
  if (length <= 0) return 0;
  const chars = length - BREAK.length * Math.floor((length - 1) / (LINE_CHARS + BREAK.length));
  const padding = /=*$/.exec(text.slice(0, text.length - trailing))?.[0].length ?? 0;
  return chars % 4 === 0 ? (chars / 4) * 3 - padding : undefined;
}

export interface Heading {
  readonly from: string;
  readonly subject: string;
}

/** From and Subject of the header lines as they stand there; a folded line is joined by a blank. */
export function parseHeading(lines: Buffer): Heading {
  const text = lines.toString('utf8').replace(/\r?\n[ \t]+/g, ' ');
  const value = (name: string): string => new RegExp(`^${name}:[ \\t]*(.*?)\\r?$`, 'im').exec(text)?.[1] ?? '';
  return { from: value('From'), subject: value('Subject') };
}

/** Message numbers as IMAP takes them, shortened: `1:3,7`. Not more than `most` parts to a text: servers limit lines. */
export function packUids(uids: readonly number[], most = 200): readonly string[] {
  const sorted = [...uids].sort((a, b) => a - b);
  const ranges: string[] = [];
  for (let i = 0; i < sorted.length;) {
    const first = sorted[i] ?? 0;
    let last = first;
    for (i++; sorted[i] === last + 1; i++) last++;
    ranges.push(first === last ? String(first) : `${first}:${last}`);
  }
  const packed: string[] = [];
  for (let at = 0; at < ranges.length; at += most) packed.push(ranges.slice(at, at + most).join(','));
  return packed;
}
