import type { PieceStream } from '../../../archive/piece-stream.ts';
import { IntegrityError } from '../../../errors/errors.ts';
import type { ByteRange } from '../../../events/verdict.ts';
import type { Scratch } from '../../../pipeline/unpack/scratch.ts';
import { DeltaParser } from '../../../rsync/delta-parser.ts';
import { ByteRanges, within } from './byte-ranges.ts';

/** A content of which some bytes may be unknown: those are zero. */
export interface Patchwork {
  readonly content: Scratch;
  /** The bytes that are known, ascending. */
  readonly ranges: readonly ByteRange[];
  /** Those of them that come from volumes that are proven. */
  readonly sure: readonly ByteRange[];
  /** All of them are, and there are no more. */
  readonly isWhole: boolean;
}

const ZEROS = Buffer.alloc(64 * 1024);
const BLOCK = 64 * 1024;

/** The body of the current entry, which is a content, with zeros for what is missing of it. */
export async function readContent(stream: PieceStream, content: Scratch): Promise<Patchwork> {
  const [ranges, sure] = [new ByteRanges(), new ByteRanges()];
  for (let block = await stream.read(); block !== undefined; block = await stream.read()) {
    fill(stream.offset - content.size, (zeros) => content.append(zeros));
    ranges.add(content.size, content.size + block.length);
    if (stream.isBlockProven) sure.add(content.size, content.size + block.length);
    content.append(block);
  }
  return { content, ranges: ranges.all, sure: sure.all, isWhole: stream.isWhole };
}

/**
 * What the delta that is the current entry makes of a content, as far as both are known. Behind a gap in the delta nothing
 * is known: where it goes on is not.
 */
export async function applyKnown(stream: PieceStream, base: Patchwork, content: Scratch): Promise<Patchwork> {
  const ranges = new ByteRanges();
  const buffer = Buffer.allocUnsafeSlow(BLOCK);
  const { size } = base.content;
  const parser = new DeltaParser({
    literal(source, from, to) {
      ranges.add(content.size, content.size + to - from);
      content.append(source.subarray(from, to));
    },
    copy(position, length) {
      const end = position + length;
      // How long what is missing was is the word of a delta that is right. Any other could ask for any amount.
      if (end > size && (base.isWhole || !stream.isProven)) throw parser.damaged('a copy reaches beyond the basis');
      const shift = content.size - position;
      for (const { from, to } of within(base.ranges, position, end)) ranges.add(from + shift, to + shift);
      let at = position;
      for (let read = -1; at < Math.min(end, size) && read !== 0; at += read) {
        read = base.content.read(buffer.subarray(0, Math.min(BLOCK, end - at)), at);
        content.append(buffer.subarray(0, read));
      }
      fill(end - at, (zeros) => content.append(zeros));
    },
  });
  let isWhole = false;
  try {
    let next = 0;
    for (let block = await stream.read(); block !== undefined; block = await stream.read()) {
      if (stream.offset !== next) break;
      parser.push(block);
      next += block.length;
    }
    parser.finish();
    isWhole = stream.isWhole;
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
  }
  return { content, ranges: ranges.all, sure: [], isWhole: isWhole && areAll(ranges.all, content.size) };
}

/** Whether ranges are all of a content. */
export function areAll(ranges: readonly ByteRange[], size: number): boolean {
  const [first = { from: 0, to: 0 }] = ranges;
  return ranges.length < 2 && first.from === 0 && first.to === size;
}

/** Gives so many zeros, if any. */
export function fill(length: number, take: (zeros: Buffer) => void): void {
  for (let left = length; left > 0; left -= ZEROS.length) take(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
}
