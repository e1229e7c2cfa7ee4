import type { Backend, Bytes } from '../backend.ts';
import { around } from './around.ts';

/** How far uploads under way are. */
export interface UploadMeter {
  /** From 0 to 1; 0 for a file that is not on its way. Files that a driver sends by itself are there all at once. */
  share(name: string): number;
}

/** `inner`, watched while it sends. */
export function withMeter(inner: Backend): { readonly backend: Backend; readonly meter: UploadMeter } {
  const shares = new Map<string, number>();
  async function* counted(name: string, size: number, bytes: Bytes): AsyncGenerator<Buffer> {
    let sent = 0;
    for await (const block of bytes) {
      yield block;
      sent += block.length;
      shares.set(name, Math.min(1, sent / size));
    }
  }
  const backend: Backend = {
    ...around(inner, (_step, _call, run) => run()),
    async put(name, body, call) {
      try {
        await inner.put(name, { ...body, open: () => counted(name, body.size, body.open()) }, call);
      } finally {
        shares.delete(name);
      }
    },
  };
  return { backend, meter: { share: (name) => shares.get(name) ?? 0 } };
}
