/** A smaller input for which `isStill` holds: pieces are left out, halves first, as long as tries are left. */
export async function minimised(
  input: Buffer,
  isStill: (input: Buffer) => Promise<boolean>,
  tries = 1000,
): Promise<Buffer> {
  let best = input;
  let left = tries;
  for (let length = best.length >> 1; length > 0 && left > 0;) {
    let isShorter = false;
    for (let at = 0; at < best.length && left > 0; left--) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + length)]);
      if (await isStill(shorter)) {
        best = shorter;
        isShorter = true;
      } else at += length;
    }
    length = isShorter && length > 1 ? Math.min(length, best.length >> 1) : length >> 1;
  }
  return best;
}
