import { describe, expect, test } from 'vitest';
import { bytePath, comparePaths } from '../util/bytepath.ts';
import type { Soon } from '../util/soon.ts';
import type { Entry, EntryKind, EntryStream } from './entry.ts';
import { mergeStreams } from './merge.ts';
import { rolledForward } from './rolled-forward.ts';
import { NO_METADATA } from './tar/tar-writer.ts';

/** A stream over `kind path` texts. Its bodies say which stream and path they are of. */
function stream(
  id: number,
  texts: readonly string[],
  answer: <T>(value: T) => Soon<T> = (value) => value,
): EntryStream {
  let at = -1;
  let body: Buffer | undefined;
  return {
    next() {
      at++;
      const [kind, path = ''] = texts[at]?.split(' ') ?? [];
      if (kind === undefined) return answer(undefined);
      body = Buffer.from(`${id}:${path}`);
      return answer<Entry>({ kind: kind as EntryKind, path: bytePath(path), meta: { ...NO_METADATA, mtime: id } });
    },
    read() {
      const given = body;
      body = undefined;
      return answer(given);
    },
    close: () => Promise.resolve(),
  };
}

const later = <T>(value: T): Soon<T> => Promise.resolve(value);

async function meetings(streams: readonly EntryStream[]): Promise<string[]> {
  const merge = mergeStreams(streams);
  const lines = [];
  for (let meeting = await merge.next(); meeting !== undefined; meeting = await merge.next()) {
    for (const holder of meeting.holders) expect(merge.entryOf(holder).path).toBe(meeting.path);
    lines.push(`${meeting.path}=${meeting.holders.join()}`);
  }
  expect(await merge.next()).toBeUndefined();
  return lines;
}

describe.each([
  ['at once', undefined],
  ['later', later],
])('merging streams that answer %s', (_when, answer) => {
  test('gives every path once, in index order, with all who hold it from oldest to newest', async () => {
    const texts = [
      ['snapshot ', 'signature a', 'snapshot d', 'signature d/x', 'signature d-'],
      [],
      ['snapshot ', 'signature a', 'signature d/x'],
      ['snapshot ', 'signature c', 'signature d/x', 'signature e'],
    ];
    expect(await meetings(texts.map((list, id) => stream(id, list, answer)))).toEqual([
      '=0,2,3',
      'a=0,2',
      'c=3',
      'd=0',
      'd/x=0,2,3',
      'd-=0',
      'e=3',
    ]);
  });

  test('works for none and for hundreds', async () => {
    expect(await meetings([])).toEqual([]);
    const paths = Array.from({ length: 40 }, (_, i) => `p${i}/x`).sort(comparePaths);
    const streams = Array.from({ length: 200 }, (_, id) =>
      stream(
        id,
        paths.filter((_path, i) => i % ((id % 7) + 1) === 0).map((path) => `signature ${path}`),
        answer,
      ),
    );
    expect(await meetings(streams)).toEqual(
      paths.map((path, i) => {
        const holders = Array.from({ length: 200 }, (_, id) => id).filter((id) => i % ((id % 7) + 1) === 0);
        return `${path}=${holders.join()}`;
      }),
    );
  });

  test('rolled forward, the newest entry of a path counts, and what it deleted is gone', async () => {
    const state = rolledForward([
      stream(0, ['snapshot ', 'signature a', 'signature b', 'signature c'], answer),
      stream(1, ['snapshot ', 'deleted a', 'signature b'], answer),
      stream(2, ['signature a', 'deleted b', 'deleted z'], answer),
    ]);
    const lines = [];
    for (let entry = await state.next(); entry !== undefined; entry = await state.next()) {
      lines.push(`${entry.kind} ${entry.path} ${entry.meta.mtime} ${String(await state.read())}`);
    }
    expect(lines).toEqual(['snapshot  1 1:', 'signature a 2 2:a', 'signature c 0 0:c']);
    expect(await state.next()).toBeUndefined();
    await state.close();
  });
});

test('nothing has to be awaited while the streams answer at once', () => {
  const state = rolledForward([stream(0, ['signature a', 'signature b']), stream(1, ['deleted a', 'signature c'])]);
  expect(state.next()).toMatchObject({ path: 'b' });
  expect(state.next()).toMatchObject({ path: 'c' });
  expect(state.next()).toBeUndefined();
});

test.each([
  ['at once', undefined],
  ['later', later],
])('a single archive that answers %s is its own state, without what it says is deleted', async (_when, answer) => {
  const state = rolledForward([stream(0, ['signature a', 'deleted b', 'deleted c', 'snapshot d'], answer)]);
  expect(await state.next()).toMatchObject({ kind: 'signature', path: 'a' });
  expect(String(await state.read())).toBe('0:a');
  expect(await state.next()).toMatchObject({ kind: 'snapshot', path: 'd' });
  expect(await state.next()).toBeUndefined();
});

test('after an error of a stream the merge can go on, if the stream can', async () => {
  const broken = stream(1, ['signature b', 'signature d']);
  let first = true;
  const next = (): Soon<Entry | undefined> => {
    if (!first) return broken.next();
    first = false;
    throw new Error('b is damaged');
  };
  const merge = mergeStreams([stream(0, ['signature a', 'signature c']), { ...broken, next }]);
  expect(() => merge.next()).toThrow('b is damaged');
  const paths = [];
  for (let meeting = await merge.next(); meeting !== undefined; meeting = await merge.next()) paths.push(meeting.path);
  expect(paths).toEqual(['a', 'b', 'c', 'd']);
});

test('closing closes all streams, and says when one could not', async () => {
  const closed: number[] = [];
  const closing = (id: number, error?: Error): EntryStream => ({
    ...stream(id, []),
    close: async () => {
      closed.push(id);
      if (error) throw error;
    },
  });
  await expect(mergeStreams([closing(0), closing(1, new Error('stuck')), closing(2)]).close()).rejects.toThrow('stuck');
  expect(closed).toEqual([0, 1, 2]);
});
