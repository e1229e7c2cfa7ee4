import type { Backend, Bytes, Call, RemoteFile, Traits } from '../backends/backend.ts';
import { BackendError } from '../errors/errors.ts';

export interface MemoryBackend extends Backend {
  /** What is stored, open to tests for looking and damaging. */
  readonly files: Map<string, Buffer>;
}

/** A back end with every ability that keeps its files in memory. */
export function memoryBackend(traits: Partial<Traits> = {}): MemoryBackend {
  const files = new Map<string, Buffer>();

  function fetch(name: string, { signal }: Call): Buffer {
    signal.throwIfAborted();
    const data = files.get(name);
    if (data !== undefined) return data;
    throw new BackendError('BACKEND_NOT_FOUND', `${name} is not in memory`, { retryable: false });
  }

  return {
    files,
    traits: { parallel: 4, atomicPut: true, consistentList: true, ...traits },
    async put(name, body, { signal }) {
      const blocks: Buffer[] = [];
      signal.throwIfAborted();
      for await (const block of body.open()) {
        signal.throwIfAborted();
        blocks.push(block);
      }
      const data = Buffer.concat(blocks);
      if (data.length !== body.size) {
        throw new BackendError('BACKEND_ERROR', `${name} has ${data.length} bytes instead of ${body.size}`, {
          retryable: true,
        });
      }
      signal.throwIfAborted();
      files.set(name, data);
    },
    get: async (name, take, call) => take(blocksOf(fetch(name, call), call)),
    async *list({ signal }): AsyncGenerator<RemoteFile> {
      signal.throwIfAborted();
      for (const [name, data] of files) yield { name, size: data.length };
    },
    async delete(name, { signal }) {
      signal.throwIfAborted();
      files.delete(name);
    },
    async stat(name) {
      const data = files.get(name);
      return data && { name, size: data.length };
    },
    getRange: async (name, start, end, take, call) => take(blocksOf(fetch(name, call).subarray(start, end), call)),
    async rename(from, to, call) {
      files.set(to, fetch(from, call));
      files.delete(from);
    },
    async copy(from, to, call) {
      files.set(to, fetch(from, call));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Copies, so that a receiver that writes into its block does not change what is stored. */
async function* blocksOf(data: Buffer, { signal }: Call): Bytes {
  for (let at = 0; at < data.length; at += 65_536) {
    signal.throwIfAborted();
    yield Buffer.from(data.subarray(at, at + 65_536));
  }
}
