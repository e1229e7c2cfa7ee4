import { expect, test } from 'vitest';

import type { Ended } from './failure.ts';
import { takingTurns } from './turns.ts';

const BUSY: Ended = { status: 1, stdout: '', stderr: 'busy' };
const DONE: Ended = { status: 0, stdout: '', stderr: '' };
const isBusy = ({ status }: Ended): boolean => status !== 0;

/** A server for so many calls at once. */
function server(places: number) {
  const seen = { most: 0, calls: 0 };
  let now = 0;
  async function run(): Promise<Ended> {
    seen.calls++;
    if (now >= places) return BUSY;
    seen.most = Math.max(seen.most, ++now);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    now--;
    return DONE;
  }
  return { seen, run };
}

test('calls run at once until the server is busy, from then on one after the other', async () => {
  const { seen, run } = server(1);
  const call = takingTurns(run, isBusy);
  expect(await Promise.all([call(), call(), call(), call()])).toEqual([DONE, DONE, DONE, DONE]);
  expect(seen).toEqual({ most: 1, calls: 7 });
  expect(await Promise.all([call(), call()])).toEqual([DONE, DONE]);
  expect(seen.calls).toBe(9);
});

test('a server that takes several gets several', async () => {
  const { seen, run } = server(4);
  const call = takingTurns(run, isBusy);
  await Promise.all([call(), call(), call(), call()]);
  expect(seen).toEqual({ most: 4, calls: 4 });
});

test('a server that others keep busy is told of, and a call that is thrown out does not hold up the next', async () => {
  const call = takingTurns(server(0).run, isBusy);
  expect(await Promise.all([call(), call()])).toEqual([BUSY, BUSY]);
  let first = true;
  const thrown = takingTurns(async () => {
    if (!first) return DONE;
    first = false;
    throw new Error('aborted');
  }, isBusy);
  await expect(thrown()).rejects.toThrow('aborted');
  expect(await thrown()).toEqual(DONE);
});
