import { expect, test } from 'vitest';

import { runProgram } from './run.ts';

const { signal } = new AbortController();
const { env } = process;

test('a program that says nothing is killed, with those it started', async () => {
  // Whoever lives holds stdout open, which would be waited for.
  const ended = await runProgram('sh', ['-c', 'sleep 600 & sleep 600'], { env, signal, silenceMs: 50 });
  expect(ended).toMatchObject({ isSilent: true, status: null, stderr: 'nothing has moved for 0.05 s\n' });
});

test('one that speaks is left alone', async () => {
  // In all it takes longer than it may be silent; a busy machine may hold it up for a second and a half.
  const speaking = 'for i in 1 2 3 4 5; do echo $i; sleep 0.5; done';
  const ended = await runProgram('sh', ['-c', speaking], { env, signal, silenceMs: 2000 });
  expect(ended).toMatchObject({ isSilent: false, status: 0 });
});

test('an abort ends one that takes no notice of it', async () => {
  const caller = new AbortController();
  const ended = runProgram('sh', ['-c', 'trap "" TERM; sleep 600'], { env, signal: caller.signal });
  caller.abort(new Error('enough'));
  await expect(ended).rejects.toThrow('enough');
});

test('of one that fails the last words are heard, also when a helper says them later', async () => {
  const failing = '(sleep 0.2; echo because >&2) & echo first >&2; exit 3';
  const ended = await runProgram('sh', ['-c', failing], { env, signal });
  expect(ended).toMatchObject({ status: 3, stderr: 'first\nbecause\n' });
});
