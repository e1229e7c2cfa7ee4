import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const BLOCK = 1024 * 1024;

/** Hashes in lower-case hex, and bytes of what was written. */
export interface Written {
  readonly old: string;
  readonly hash: string;
  readonly size: number;
}

/** Writes a file that has other bytes up to `dataAt`. What follows is copied as it is. */
export function writeRelocked(
  from: string,
  to: string,
  { head, dataAt, algorithm }: { readonly head: Buffer; readonly dataAt: number; readonly algorithm: string },
): Written {
  const [old, fresh] = [createHash(algorithm), createHash(algorithm)];
  const [source, target] = [openSync(from, 'r'), openSync(to, 'wx', 0o600)];
  let size = 0;
  const write = (bytes: Buffer): void => {
    fresh.update(bytes);
    size += bytes.length;
    for (let at = 0; at < bytes.length;) at += writeSync(target, bytes, at);
  };
  try {
    write(head);
    const buffer = Buffer.allocUnsafe(BLOCK);
    for (let at = 0; ;) {
      const count = readSync(source, buffer, 0, BLOCK, at);
      if (count === 0) break;
      const bytes = buffer.subarray(0, count);
      old.update(bytes);
      write(bytes.subarray(Math.min(count, Math.max(0, dataAt - at))));
      at += count;
    }
    return { old: old.digest('hex'), hash: fresh.digest('hex'), size };
  } finally {
    closeSync(source);
    closeSync(target);
  }
}
