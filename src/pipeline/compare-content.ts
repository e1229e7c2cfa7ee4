import type { SourceFile } from '../source/open-file.ts';

/** Compares a file of the source with content that comes in blocks, and closes the file. */
export async function contentDiffers(
  file: SourceFile,
  content: (take: (block: Buffer) => void) => Promise<void>,
): Promise<boolean> {
  let differs = false;
  let buffer = Buffer.allocUnsafe(64 * 1024);
  const fill = (into: Buffer): number => {
    let at = 0;
    for (let length = 1; length > 0 && at < into.length; at += length) length = file.read(into.subarray(at));
    return at;
  };
  try {
    await content((block) => {
      if (differs) return;
      if (buffer.length < block.length) buffer = Buffer.allocUnsafe(block.length);
      const mine = buffer.subarray(0, block.length);
      differs = fill(mine) !== block.length || !mine.equals(block);
    });
    return differs || file.read(buffer) > 0;
  } finally {
    file.close();
  }
}
