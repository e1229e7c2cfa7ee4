import { cpSync } from 'node:fs';
import type { Backend } from '../../src/backends/backend.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import type { Machine } from './in-process.ts';

// What a machine that goes out in the middle of something finds afterwards.

export interface Moment {
  readonly files: ReadonlyMap<string, Buffer>;
  /** A copy of the archive dir. */
  readonly archive: string;
  /** A manifest has been uploaded. */
  readonly isComplete: boolean;
}

/** `memory` that notes what a machine would find that went out just before or after each upload and each deletion. */
export function photographed(
  memory: MemoryBackend,
  { dir, archive }: Machine,
): { readonly backend: Backend; readonly moments: Moment[] } {
  const moments: Moment[] = [];
  let isComplete = false;
  const shoot = (): void => {
    const copy = `${dir}/moment ${moments.length}`;
    cpSync(archive, copy, { recursive: true, filter: (path) => !path.endsWith('/lockfile') });
    moments.push({ files: new Map(memory.files), archive: copy, isComplete });
  };
  const backend: Backend = {
    ...memory,
    async put(name, body, call) {
      shoot();
      await memory.put(name, body, call);
      isComplete ||= name.endsWith('manifest');
      shoot();
    },
    async delete(name, call) {
      shoot();
      await memory.delete(name, call);
      shoot();
    },
  };
  return { backend, moments };
}

export function copyOf(files: ReadonlyMap<string, Buffer>): MemoryBackend {
  const memory = memoryBackend();
  for (const [name, bytes] of files) memory.files.set(name, bytes);
  return memory;
}
