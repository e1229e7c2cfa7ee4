import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { type RekeyOptions, rekey, type RekeyResult } from '../../src/actions/rekey/rekey.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { encodingOf } from '../../src/cli/engine-options.ts';
import { defaultSettings, type Settings } from '../../src/cli/settings.ts';
import { openKeys } from '../../src/repository/keys.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { act, backUp, type Machine, machine } from '../support/in-process.ts';
import { noise } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

/** Passphrases are stretched but little: that would be most of the time. */
const CHEAP = ['--s2k-count=65536'];

export type Env = Readonly<Record<string, string>>;

/** The same source and place for somebody with other secrets, and with an archive dir of their own. */
export function elsewhere(on: Machine, env: Env): Machine {
  return { ...on, archive: `${tempDir(on.dir)}/archive`, env };
}

/** A full backup of three volumes and an increment of two. */
export async function stored(settings: Partial<Settings>, env: Env): Promise<{ on: Machine; place: MemoryBackend }> {
  const on = { ...machine(), env };
  const place = memoryBackend();
  mkdirSync(on.source);
  for (const k of [0, 1]) {
    for (const [name, content] of [
      ['large', noise(k === 0 ? 640_000 : 330_000, 7 + k)],
      ['new\nline', Buffer.from(`line ${k}`)],
    ] as const) {
      writeFileSync(`${on.source}/${name}`, content);
      utimesSync(`${on.source}/${name}`, timeOfSet(k) - 100, timeOfSet(k) - 100);
    }
    utimesSync(on.source, timeOfSet(k) - 100, timeOfSet(k) - 100);
    await backUp(on, place, k, { noEncryption: false, volsize: 200 * 1024, gpgOptions: CHEAP, ...settings });
  }
  return { on, place };
}

type Change = Partial<RekeyOptions['change']> &
  Pick<RekeyOptions, 'atOnce' | 'groupBytes'> & { readonly dryRun?: boolean };

/** Runs `rekey` as set 9 were to come. */
export async function rekeyed(on: Machine, place: Backend, change: Change): Promise<RekeyResult> {
  const { keys = [], drop = [], newPassphrase = false, dryRun = false, ...options } = change;
  let result: RekeyResult | undefined;
  await act(on, place, 9, { noEncryption: false }, async (session) => {
    const ask = (): Promise<never> => Promise.reject(new Error('nobody is to be asked'));
    const encoding = { ...encodingOf(defaultSettings()), gpgOptions: CHEAP };
    const { env = {} } = on;
    const own = openKeys({ encoding, action: 'rekey', env, emit: session.emit, ask });
    result = await rekey({ ...session, keys: own, dryRun }, { change: { keys, drop, newPassphrase }, ...options });
    return 0;
  });
  if (result === undefined) throw new Error('rekey gave nothing');
  return result;
}

/** The machine has died: nothing that is asked for after this happens any more. */
class Died extends Error {}

/** Dies when it is to write or delete for the `n`th time; with `tears` half of that file arrives before. */
export function dyingAt(place: Backend, n: number, { tears = false } = {}): Backend & { readonly count: () => number } {
  let count = 0;
  const live = (): boolean => ++count < n;
  return {
    ...place,
    traits: { ...place.traits, atomicPut: !tears },
    count: () => count,
    async put(name, body, call) {
      if (live()) return place.put(name, body, call);
      if (tears && count === n) {
        const half = Math.floor(body.size / 2);
        const open = (): Readable => Readable.from(firstOf(body.open(), half));
        await place.put(name, { size: half, open }, call);
      }
      throw new Died('the machine died');
    },
    async delete(name, call) {
      if (!live()) throw new Died('the machine died');
      return place.delete(name, call);
    },
  };
}

async function* firstOf(bytes: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer> {
  let left = length;
  for await (const block of bytes) {
    if (left === 0) return;
    yield block.subarray(0, left);
    left -= Math.min(left, block.length);
  }
}
