import { expect, test } from 'vitest';
import { memoryBackend } from '../../testing/memory-backend.ts';
import type { Backend, Body, Bytes, Call } from '../backend.ts';
import { withMeter } from './meter.ts';

const call: Call = { signal: new AbortController().signal };

async function* blocks(): Bytes & AsyncGenerator<Buffer> {
  for (let i = 0; i < 4; i++) yield Buffer.alloc(25);
}

const BODY: Body = { size: 100, open: () => blocks() };

/** Takes a body block by block and tells after each. */
function slowly(after: (block: number) => void): Backend {
  return {
    ...memoryBackend(),
    async put(_name, body) {
      let block = 0;
      for await (const bytes of body.open()) {
        void bytes;
        after(block++);
      }
    },
  };
}

test('tells which share of a file has been sent, from its beginning again when it is sent again', async () => {
  const seen: number[] = [];
  const { backend, meter } = withMeter(slowly(() => seen.push(meter.share('vol1'))));
  expect(meter.share('vol1')).toBe(0);
  for (let i = 0; i < 2; i++) await backend.put('vol1', BODY, call);
  // A block counts when the next one is asked for.
  expect(seen).toEqual([0, 0.25, 0.5, 0.75, 0, 0.25, 0.5, 0.75]);
  expect(meter.share('vol1')).toBe(0);
});

test('forgets a file whose upload failed', async () => {
  const { backend, meter } = withMeter(
    slowly((block) => {
      if (block === 2) throw new Error('broken');
    }),
  );
  await expect(backend.put('vol1', BODY, call)).rejects.toThrow('broken');
  expect(meter.share('vol1')).toBe(0);
});

test('stores what it is given, under its name', async () => {
  const inner = memoryBackend();
  await withMeter(inner).backend.put('vol1', BODY, call);
  expect(inner.files.get('vol1')).toHaveLength(100);
});
