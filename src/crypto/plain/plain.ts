import type { Codec, EncodedFile } from '../codec.ts';
import { GATHER_BYTES, gatherer } from '../gather.ts';
import { fileBlocks } from '../read-file.ts';
import { createSpoolFile } from '../spool-file.ts';

/** Files as they are: `--no-encryption --no-compression`. */
export function plainCodec(): Codec {
  return {
    suffix: '',
    create: async (path, signal) => createPlainFile(path, signal),
    open: (path, options) => fileBlocks(path, options),
  };
}

function createPlainFile(path: string, signal: AbortSignal): EncodedFile {
  signal.throwIfAborted();
  const spool = createSpoolFile(path);
  const held = gatherer(() => GATHER_BYTES);
  let size = 0;

  function store(run: readonly Buffer[]): void {
    signal.throwIfAborted();
    spool.write(run);
    for (const block of run) size += block.length;
  }

  return {
    returnsBlocks: true,
    write(block) {
      const run = held.add(block);
      if (run) store(run);
    },
    size: () => size,
    async finish() {
      try {
        store(held.rest());
        spool.close();
      } catch (error) {
        spool.remove();
        throw error;
      }
      return size;
    },
    abort: async () => spool.remove(),
  };
}
