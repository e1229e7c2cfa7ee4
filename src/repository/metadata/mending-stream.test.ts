import { expect, test } from 'vitest';
import type { EntryStream } from '../../archive/entry.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { entry, readAll, type Stored, streamOf } from '../../pipeline/testing/entries.ts';
import type { Soon } from '../../util/soon.ts';
import { mendingStream } from './mending-stream.ts';

const damage = new IntegrityError('DAMAGED', 'cut off');
const body = [Buffer.from('one'), Buffer.from('two'), Buffer.from('three')];
const sound: readonly Stored[] = ['a', 'b', 'c'].map((path) => ({ entry: entry('signature', path), body }));
const later = <T>(value: T): Promise<T> => Promise.resolve(value);

/** The sound entries up to damage in the place of the n-th answer. */
function damaged(after: number, answer?: <T>(value: T) => Soon<T>): EntryStream {
  const inner = streamOf(sound, answer);
  let left = after;
  const count = <T>(run: () => Soon<T>): Soon<T> => {
    if (left-- > 0) return run();
    if (answer === undefined) throw damage;
    return Promise.reject(damage);
  };
  return { next: () => count(() => inner.next()), read: () => count(() => inner.read()), close: () => inner.close() };
}

// Three entries of three blocks: 15 answers and the end.
for (const answer of [undefined, later]) {
  test.each(Array.from({ length: 16 }, (_none, i) => i))(
    `damage after %i answers that come ${answer ? 'later' : 'at once'} is mended without a gap`,
    async (after) => {
      const renewed: Error[] = [];
      const stream = mendingStream({
        open: (mayRenew) => (mayRenew ? damaged(after, answer) : streamOf(sound, answer)),
        renew: async (error) => renewed.push(error) > 0,
      });
      const all = await readAll(stream);
      expect(all.map(({ entry, body }) => `${entry.path}=${body.toString()}`)).toEqual([
        'a=onetwothree',
        'b=onetwothree',
        'c=onetwothree',
      ]);
      expect(renewed).toEqual([damage]);
    },
  );
}

test('what is damaged a second time, or cannot be had again, fails', async () => {
  const twice = mendingStream({ open: () => damaged(4), renew: async () => true });
  await expect(readAll(twice)).rejects.toBe(damage);
  const alone = mendingStream({ open: () => damaged(4), renew: async () => false });
  await expect(readAll(alone)).rejects.toBe(damage);
});

test('what is no damage is not mended', async () => {
  const bug = new TypeError('bug');
  const stream = mendingStream({
    open: () => streamOf([{ entry: entry('snapshot', 'x'), failure: bug }]),
    renew: () => Promise.reject(new Error('not to be asked')),
  });
  await expect(readAll(stream)).rejects.toBe(bug);
});

test('bodies that nobody reads are passed over as before', async () => {
  const stream = mendingStream({
    open: (mayRenew) => (mayRenew ? damaged(2) : streamOf(sound)),
    renew: async () => true,
  });
  const paths = [];
  for (let found = await stream.next(); found !== undefined; found = await stream.next()) paths.push(found.path);
  expect(paths).toEqual(['a', 'b', 'c']);
});
