import { buffer } from 'node:stream/consumers';

import type { Backend, Body, Call } from '../../src/backends/backend.ts';

export const call: Call = { signal: new AbortController().signal };

/** In blocks of 64 KiB, as the pipeline sends. */
export function bodyOf(content: Buffer | string): Body {
  const data = Buffer.from(content);
  async function* blocks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < data.length; at += 65_536) yield data.subarray(at, at + 65_536);
  }
  return { size: data.length, open: blocks };
}

/** What is listed, sorted. */
export async function names(backend: Backend): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of backend.list(call)) found.push(name);
  return found.sort();
}

export function text(backend: Backend, name: string): Promise<string> {
  return backend.get(name, async (bytes) => (await buffer(bytes)).toString(), call);
}

export function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
}
