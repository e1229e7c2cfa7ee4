import { expect, test } from 'vitest';
import { firstAlone } from './first-alone.ts';

/** Streams `name 1`, `name 2`; each block of the first waits for a call of `go`. */
function streams(): {
  readonly open: (name: string) => AsyncGenerator<string>;
  readonly log: string[];
  readonly go: (failure?: Error) => void;
} {
  const log: string[] = [];
  const { promise, go } = gate();
  async function* stream(name: string): AsyncGenerator<string> {
    log.push(`${name} started`);
    try {
      if (name === 'a') await promise;
      yield `${name} 1`;
      yield `${name} 2`;
    } finally {
      log.push(`${name} ended`);
    }
  }
  return { open: firstAlone(stream), log, go };
}

function gate(): { readonly promise: Promise<void>; readonly go: (failure?: Error) => void } {
  let go = (_failure?: Error): void => {};
  const promise = new Promise<void>((resolve, reject) => {
    go = (failure) => (failure === undefined ? resolve() : reject(failure));
  });
  return { promise, go };
}

test('a second stream starts when the first has given a block, not when it has ended', async () => {
  const { open, log, go } = streams();
  const [a, b] = [open('a'), open('b')];
  const blocks = [a.next(), b.next()];
  await Promise.resolve();
  expect(log).toEqual(['a started']);
  go();
  expect((await Promise.all(blocks)).map(({ value }) => value)).toEqual(['a 1', 'b 1']);
  expect(log).toEqual(['a started', 'b started']);
});

test('a first stream that fails holds nobody up', async () => {
  const { open, go } = streams();
  const [a, b] = [open('a').next(), open('b').next()];
  go(new Error('no key'));
  await expect(a).rejects.toThrow('no key');
  expect(await b).toMatchObject({ value: 'b 1' });
});

test('who stops early ends the stream below', async () => {
  const { open, log, go } = streams();
  go();
  for await (const block of open('a')) {
    expect(block).toBe('a 1');
    break;
  }
  expect(log).toEqual(['a started', 'a ended']);
});
