/** What a manifest is to say of a volume. */
export interface NewHash {
  /** As in the manifest: `SHA1`, or `MD5` of old sets. */
  readonly algorithm: string;
  readonly hash: string;
  /** While the file is replaced: that of the one before, which is right as well. */
  readonly before: string | undefined;
}

/** The name under which the hash of the file before stands beside the other; readers that do not know it pass over it. */
export const BEFORE = 'BEFORE';

const LF = 10;
const BLANK = 32;
const VOLUME = /^volume[ \t\r\v\f]+(\d+)/i;
const HASH = /^[ \t\r\v\f]*hash[ \t\r\v\f]/i;
/** A line with a hash is far shorter; a longer one is a path. */
const LONGEST = 512;

/** A manifest with other hashes, line by line; all else stays as it is, byte by byte. */
export async function* rehashed(
  blocks: AsyncIterable<Buffer>,
  hashOf: (volume: number) => NewHash | undefined,
): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  let current: NewHash | undefined;
  let isTold = false;

  function edit(line: Buffer): Buffer | undefined {
    if (line.length > LONGEST) return line;
    const isField = line[0] === BLANK || line[0] === 9;
    if (isField && current === undefined) return line;
    const text = line.toString('latin1');
    if (!isField) {
      const number = VOLUME.exec(text)?.[1];
      current = number === undefined ? undefined : hashOf(Number(number));
      isTold = false;
      return line;
    }
    if (current === undefined || !HASH.test(text)) return line;
    if (isTold) return undefined;
    isTold = true;
    const { algorithm, hash, before } = current;
    const more = before === undefined ? '' : `    Hash ${BEFORE} ${before}\n`;
    return Buffer.from(`    Hash ${algorithm} ${hash}\n${more}`, 'latin1');
  }

  for await (const block of blocks) {
    const bytes = held.length === 0 ? block : Buffer.concat([held, block]);
    const lines: Buffer[] = [];
    let from = 0;
    for (let to = bytes.indexOf(LF); to >= 0; to = bytes.indexOf(LF, from)) {
      const line = edit(bytes.subarray(from, to + 1));
      if (line !== undefined) lines.push(line);
      from = to + 1;
    }
    held = Buffer.from(bytes.subarray(from));
    if (lines.length > 0) yield Buffer.concat(lines);
  }
  const last = held.length > 0 ? edit(held) : undefined;
  if (last !== undefined) yield last;
}
