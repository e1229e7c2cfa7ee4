import { closeSync, openSync, readSync } from 'node:fs';
import type { Bytes } from '../backends/backend.ts';
import type { Repository } from './repository.ts';

/** The first bytes of a remote file; no more of it is asked for than the back end must send. */
export async function readHead({ backend, call }: Repository, name: string, bytes: number): Promise<Buffer> {
  const local = backend.localFile?.(name);
  if (local !== undefined) return headOf(local, bytes);
  if (backend.getRange !== undefined) return backend.getRange(name, 0, bytes, (blocks) => gather(blocks, bytes), call);
  return backend.get(name, (blocks) => gather(blocks, bytes), call);
}

function headOf(path: string, bytes: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(fd, buffer, 0, bytes, 0));
  } finally {
    closeSync(fd);
  }
}

async function gather(blocks: Bytes, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const block of blocks) {
    parts.push(block);
    length += block.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(parts).subarray(0, bytes);
}
