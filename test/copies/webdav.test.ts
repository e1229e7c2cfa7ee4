import { expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { open } from '../../src/backends/webdav/webdav.ts';
import { CannotCopyError } from '../../src/errors/errors.ts';
import type { Event } from '../../src/events/events.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { startDavAnimal, type DavAnimal, type DavKind } from '../servers/zoo/webdav.ts';

function toCopies(status: number): NonNullable<DavKind['answer']> {
  return (method) => (method === 'COPY' ? status : undefined);
}

interface Place extends AsyncDisposable {
  readonly server: DavAnimal;
  readonly backend: Backend;
  readonly said: Event[];
  /** Names of everything that is there. */
  all(): readonly string[];
}

async function withOld(kind: DavKind): Promise<Place> {
  const server = await startDavAnimal(kind);
  const said: Event[] = [];
  const emit = (event: Event): void => void said.push(event);
  const backend = await open(parseUrl(server.url('place')), { ...call, emit });
  server.files.set('/place/', Buffer.alloc(0)).set('/place/old', Buffer.from('content'));
  return {
    server,
    backend,
    said,
    all: () => [...server.files.keys()].filter((path) => path !== '/' && path !== '/place/'),
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const copying = ({ backend }: Place, how = {}): Promise<unknown> =>
  failureOf(Promise.resolve(backend.copy?.('old', 'new', { ...call, ...how })));

test.each([403, 405, 415, 501, 502])('a server that answers %i to a copy copies nothing, for good', async (status) => {
  await using place = await withOld({ answer: toCopies(status) });
  const failure = await copying(place);
  expect(failure).toBeInstanceOf(CannotCopyError);
  expect(failure).toMatchObject({
    isForGood: true,
    message: expect.stringMatching(
      new RegExp(`^Cannot copy old to new in webdav://\\S+: the server answers ${status}`),
    ),
  });
  // Nor does it say anything of names that are hidden.
  await place.backend.put('name', bodyOf('x'), call);
  expect([place.all(), place.said]).toEqual([['/place/old', '/place/name'], []]);
});

test.each([
  [500, 'BACKEND_ERROR', true],
  [423, 'BACKEND_ERROR', true],
  [507, 'BACKEND_NO_SPACE', false],
])('status %i is %s, worth a retry: %s', async (status, code, retryable) => {
  await using place = await withOld({ answer: toCopies(status) });
  expect(await copying(place)).toMatchObject({ code, retryable });
});

test('a copy over a hidden name is a move at its end, and asks for one file only', async () => {
  const asked: string[] = [];
  await using place = await withOld({
    answer(method, _, { headers }) {
      if (/COPY|MOVE/.test(method)) {
        asked.push(
          [method, headers['overwrite'], headers['depth'], new URL(String(headers['destination'])).pathname].join(' '),
        );
      }
      return undefined;
    },
  });
  await place.backend.copy?.('old', 'new', call);
  expect(asked).toEqual(['COPY T 0 /place/.new.part', 'MOVE T  /place/new']);
});

test.each<readonly [string, DavKind]>([
  [
    'refuses hidden names',
    {
      answer: (method, _, { headers }) =>
        method === 'COPY' && String(headers['destination']).includes('/.') ? 403 : undefined,
    },
  ],
  ['moves nothing', { answer: (method) => (method === 'MOVE' ? 403 : undefined) }],
])('a server that %s makes copies under their names, which is said once', async (_title, kind) => {
  await using place = await withOld(kind);
  for (const to of ['new', 'newer']) await place.backend.copy?.('old', to, call);
  expect(place.all()).toEqual(['/place/old', '/place/new', '/place/newer']);
  expect(place.said).toMatchObject([{ text: expect.stringMatching(/^Files get their final names at once in /) }]);
});

test('a server that does not say of its copies how large they are is believed', async () => {
  const tells: DavKind['tells'] = (usual) => usual;
  await using place = await withOld({
    tells,
    answer: (method, name) => (method === 'PROPFIND' && name !== 'place' ? 405 : undefined),
  });
  await place.backend.copy?.('old', 'new', call);
  expect(await text(place.backend, 'new')).toBe('content');
});

test.each<readonly [string, DavKind['copies'], string]>([
  ['loses', () => undefined, 'and it is not there'],
  ['cuts', (content) => content.subarray(0, 3), 'and it has 3 of 7 bytes'],
])('a server that says it has copied, and %s it, is found out, and nothing is left', async (_title, copies, says) => {
  await using place = await withOld({ ...(copies && { copies }) });
  for (const how of [{}, { size: 7 }]) {
    const failure = await copying(place, how);
    expect(failure).toBeInstanceOf(CannotCopyError);
    expect(failure).toMatchObject({ message: expect.stringContaining(says) });
    expect(place.all()).toEqual(['/place/old']);
  }
});

test('a copy that is only accepted is asked for again until it is there', async () => {
  let nth = 0;
  await using place = await withOld({
    copies: (content) => (nth++ === 0 ? undefined : content),
    done: (method) => (method === 'COPY' ? 202 : undefined),
  });
  expect(await copying(place)).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
  await place.backend.copy?.('old', 'new', call);
  expect(await text(place.backend, 'new')).toBe('content');
});

test('an answer that tells what went wrong with parts of it is no copy, whatever it has left', async () => {
  await using place = await withOld({
    copies: (content) => content.subarray(1),
    done: (method) => (method === 'COPY' ? 207 : undefined),
  });
  expect(await copying(place)).toBeInstanceOf(CannotCopyError);
  expect(place.all()).toEqual(['/place/old']);
});

test('an original that is not there is said so, whatever the server says to that', async () => {
  for (const kind of [{}, { answer: (method: string) => (method === 'COPY' ? 409 : undefined) }]) {
    await using place = await withOld(kind);
    const absent = failureOf(Promise.resolve(place.backend.copy?.('absent', 'new', call)));
    expect(await absent).toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
  }
});

test('a copy that is interrupted is given up', async () => {
  let hears: () => void = () => undefined;
  const heard = new Promise<void>((resolve) => (hears = resolve));
  const answer: DavKind['answer'] = (method, _, { socket }) => {
    if (method === 'COPY') {
      hears();
      socket.pause();
    }
    return undefined;
  };
  await using place = await withOld({ answer, copies: () => undefined });
  const stopping = new AbortController();
  const copy = copying(place, { signal: stopping.signal });
  await heard;
  stopping.abort(new Error('stopped'));
  expect(await copy).toMatchObject({ message: 'stopped' });
  expect(await names(place.backend)).toEqual(['old']);
});
