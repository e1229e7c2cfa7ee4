import { expect, test } from 'vitest';

import type { Ended } from './failure.ts';
import { oneUntilGood, takingTurns } from './turns.ts';

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

test('one goes alone until one has succeeded, then all together', async () => {
  const gate = oneUntilGood(false);
  const log: string[] = [];
  const work =
    (name: string, fails = false) =>
    async (): Promise<void> => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
    };
  const calls = [gate.call(work('a', true)), gate.call(work('b')), gate.call(work('c')), gate.call(work('d'))];
  const [first] = await Promise.allSettled(calls);
  expect(first?.status).toBe('rejected');
  expect(log.slice(0, 4)).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  expect(log.slice(4)).toEqual(['c begins', 'd begins', 'c ends', 'd ends']);
});

test('nothing waits where it is known already', async () => {
  const gate = oneUntilGood(false);
  gate.isGood();
  let under = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++under);
    await Promise.resolve();
    under--;
  };
  await Promise.all([gate.call(work), gate.call(work)]);
  expect(most).toBe(2);
});
