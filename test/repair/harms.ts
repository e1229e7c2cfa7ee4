import { expect } from 'vitest';
import type { Kept } from './store.ts';

/** What can become of one file of a store. */
export const HARMS: Readonly<Record<string, (kept: Kept, name: string, draw: () => number) => void>> = {
  deleted: ({ backend }, name) => void backend.files.delete(name),
  cut: ({ backend, sound }, name, draw) => {
    const bytes = sound.get(name) ?? Buffer.alloc(0);
    backend.files.set(name, bytes.subarray(0, Math.floor(draw() * bytes.length)));
  },
  flipped: ({ backend, sound }, name, draw) => {
    const bytes = Buffer.from(sound.get(name) ?? Buffer.alloc(0));
    // The head of gzip has a time and a system that say nothing of its content, and no sum is made of them.
    const from = name.includes('sigtar') ? 10 : 0;
    const at = from + Math.floor(draw() * (bytes.length - from));
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(draw() * 8));
    backend.files.set(name, bytes);
  },
  swapped: ({ backend, sound }, name, draw) => {
    const kind = kindOf(name);
    const alike = [...sound.keys()].filter((other) => kindOf(other) === kind && !isSame(sound, other, name));
    const other = alike[Math.floor(draw() * alike.length)];
    expect(other).toBeDefined();
    backend.files.set(name, sound.get(other ?? '') ?? Buffer.alloc(0));
  },
};

function isSame(files: ReadonlyMap<string, Buffer>, a: string, b: string): boolean {
  return files.get(a)?.equals(files.get(b) ?? Buffer.alloc(0)) === true;
}

function kindOf(name: string): string {
  return /\.(vol|manifest|sigtar)/.exec(name)?.[1] ?? '';
}
