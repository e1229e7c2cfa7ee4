import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { backUp, type Machine, machine } from './in-process.ts';
import { noise } from './scene.ts';
import { timeOfSet } from './times.ts';

const MIB = 1024 * 1024;

/** A full set and two increments of volumes of 1 MiB, with what one file held in each. */
export interface Growing {
  readonly on: Machine;
  readonly memory: MemoryBackend;
  /** `d/big` after each set: several volumes of each. */
  readonly big: readonly Buffer[];
}

/**
 * - `d/big` grows over several volumes in every set, and so does `z big` at the end;
 * - `a` stays, `d/gone` goes in the second set and is there again in the third;
 * - `d/late` comes with the second, `d/sub` and what is in it with the third; the mode of `e` changes in the second.
 */
export async function growing(): Promise<Growing> {
  const on = machine();
  const memory = memoryBackend();
  const { source } = on;
  mkdirSync(`${source}/d`, { recursive: true });
  symlinkSync('nowhere', `${source}/link`);
  const big: Buffer[] = [];
  const put = (path: string, content: Buffer | string, k: number): void => {
    writeFileSync(`${source}/${path}`, content);
    utimesSync(`${source}/${path}`, timeOfSet(k) - 60, timeOfSet(k) - 60);
  };
  for (const k of [0, 1, 2]) {
    const grown = (seed: number): Buffer =>
      Buffer.concat(Array.from({ length: k + 1 }, (_, i) => noise(MIB + 300_000, seed + i)));
    big.push(grown(1));
    put('d/big', grown(1), k);
    put('z big', grown(11), k);
    if (k === 0) for (const name of ['a', 'e', 'empty']) put(name, name === 'empty' ? '' : name, 0);
    if (k === 1) {
      rmSync(`${source}/d/gone`);
      chmodSync(`${source}/e`, 0o600);
      put('d/late', 'late', 1);
    } else put('d/gone', `gone ${k}`, k);
    if (k === 2) {
      mkdirSync(`${source}/d/sub`);
      put('d/sub/inside', 'inside', 2);
    }
    for (const path of ['d/sub', 'd', ''].slice(k === 2 ? 0 : 1)) {
      utimesSync(`${source}/${path}`, timeOfSet(k) - 60, timeOfSet(k) - 60);
    }
    await backUp(on, memory, k, { volsize: MIB });
  }
  return { on, memory, big };
}
