import { closeSync, openSync, readSync } from 'node:fs';

const BLOCK = 64 * 1024;

/** The bytes of a local file in pieces that end with a line; whoever has read enough stops. */
export function* wholeLines(path: string): Generator<string> {
  const block = Buffer.allocUnsafe(BLOCK);
  let rest = '';
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      const length = readSync(fd, block);
      const text = rest + block.toString('latin1', 0, length);
      const cut = length === 0 ? text.length : text.lastIndexOf('\n') + 1;
      yield text.slice(0, cut);
      if (length === 0) return;
      rest = text.slice(cut);
    }
  } finally {
    closeSync(fd);
  }
}
