import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Backend, Call, RemoteFile, Traits } from '../backends/backend.ts';
import { localBackend } from '../backends/local/local.ts';
import { CannotCopyError } from '../errors/errors.ts';
import { withRetry } from '../backends/wrap/retry.ts';
import { faultyBackend } from '../testing/faulty-backend.ts';
import { type MemoryBackend, memoryBackend } from '../testing/memory-backend.ts';
import { hashFile, openRemote, type Remote } from './remote.ts';
import { openSpool, type Spool } from './spool.ts';
import { spooled, tempDir } from './testing/temp-dir.ts';

let dir: string;
let spool: Spool;
let memory: MemoryBackend;
let pauses: number[];

beforeEach(() => {
  dir = tempDir();
  spool = openSpool([dir]);
  memory = memoryBackend();
  pauses = [];
});

interface Options {
  readonly tries?: number;
  /** Runs in the place of each pause. */
  readonly meanwhile?: () => void;
}

function remote(backend: Backend, { tries = 3, meanwhile }: Options = {}): Remote {
  return openRemote({
    backend,
    spool,
    call: { signal: new AbortController().signal },
    tries,
    pause: async (ms) => {
      pauses.push(ms);
      meanwhile?.();
    },
  });
}

/** What is stored, under other traits. */
function memoryWith(traits: Partial<Traits>): Backend {
  return { ...memory, traits: { ...memory.traits, ...traits } };
}

function file(content: string | Buffer): string {
  const path = join(dir, 'file');
  writeFileSync(path, content);
  return path;
}

describe('putting', () => {
  test('a file stores its bytes and checks their number', async () => {
    await remote(memory).put('vol1', file('content'));
    expect(memory.files.get('vol1')?.toString()).toBe('content');
    expect(pauses).toEqual([]);
  });

  test('a file that arrives too short is 44, after the size was asked for as often as allowed', async () => {
    const cutting: Backend = {
      ...memory,
      put: async (name) => void memory.files.set(name, Buffer.from('cut')),
    };
    await expect(remote(cutting, { tries: 4 }).put('vol1', file('content'))).rejects.toMatchObject({
      code: 'VOLUME_WRONG_SIZE',
      exitCode: 44,
      message: 'File vol1 was corrupted during upload. It has 3 bytes there, 7 were sent.',
      fields: ["'vol1'", '7', '3'],
    });
    expect(pauses).toEqual([2000, 4000, 8000]);
  });

  test('a file that arrives too short is taken away again: it would count as a whole one', async () => {
    const cutting: Backend = {
      ...memory,
      put: async (name) => void memory.files.set(name, Buffer.from('cut')),
    };
    await expect(remote(cutting).put('manifest', file('content'))).rejects.toMatchObject({ exitCode: 44 });
    expect(memory.files.size).toBe(0);
    const stubborn = faultyBackend(cutting, [{ kind: 'delete', calls: [1], when: 'before' }]);
    await expect(remote(stubborn).put('manifest', file('content'))).rejects.toMatchObject({ exitCode: 44 });
  });

  test('a file that does not arrive at all is 44 with size -1', async () => {
    const losing: Backend = { ...memory, put: () => Promise.resolve() };
    await expect(remote(losing).put('vol1', file('content'))).rejects.toMatchObject({
      code: 'VOLUME_WRONG_SIZE',
      message: 'File vol1 was corrupted during upload. It is not on the remote.',
      fields: ["'vol1'", '7', '-1'],
    });
  });

  test('a file that shows late is fine', async () => {
    const late: Backend = { ...memory, put: () => Promise.resolve() };
    const meanwhile = (): void => {
      if (pauses.length === 2) memory.files.set('vol1', Buffer.from('content'));
    };
    await remote(late, { meanwhile }).put('vol1', file('content'));
    expect(pauses).toEqual([2000, 4000]);
  });

  test('sizes are looked up in the listing where there is no other way, and not known ones are believed', async () => {
    const listing = { ...memory };
    delete listing.stat;
    await remote(listing).put('vol1', file('content'));
    await expect(
      remote({ ...listing, put: async (name) => void memory.files.set(name, Buffer.alloc(1)) }).put(
        'vol2',
        file('content'),
      ),
    ).rejects.toMatchObject({ fields: ["'vol2'", '7', '1'] });
    const silent: Backend = {
      ...memory,
      stat: async (name) => ({ name }),
      put: async (name) => void memory.files.set(name, Buffer.alloc(1)),
    };
    await remote(silent).put('vol3', file('content'));
  });

  test('a failure of the storage goes to the caller', async () => {
    const failing = faultyBackend(memory, [{ kind: 'put', calls: [1], when: 'before' }]);
    await expect(remote(failing).put('vol1', file('content'))).rejects.toMatchObject({ code: 'BACKEND_ERROR' });
  });
});

describe('copying', () => {
  /** What is stored as `old`, and a store that makes something else of a copy. */
  function copying(copy: (to: string) => unknown): Backend {
    memory.files.set('old', Buffer.from('content'));
    return { ...memory, copy: async (_from, to) => void copy(to) };
  }

  test('a file makes a second one there, which counts as sent', async () => {
    memory.files.set('old', Buffer.from('content'));
    const calls: Call[] = [];
    const backend: Backend = {
      ...memory,
      async copy(from, to, call) {
        calls.push(call);
        await memory.copy?.(from, to, call);
      },
      list: () => nothing(),
    };
    async function* nothing(): AsyncGenerator<RemoteFile> {
      // It lists nothing.
    }
    const there = remote(backend, { tries: 1 });
    expect(there.canCopy()).toBe(true);
    there.learn({ name: 'new', size: 100 });
    await there.copy('old', 'new', { size: 7 });
    await there.copy('old', 'newer', { size: 7, asLink: true });
    expect(['new', 'newer'].map((name) => memory.files.get(name)?.toString())).toEqual(['content', 'content']);
    expect(calls).toMatchObject([{ size: 7 }, { size: 7, asLink: true }]);
    expect(there.sizeOf('new')).toBeUndefined();
    await expect(there.confirm()).rejects.toThrow('The storage took 2 file(s), but its listing shows none of them');
  });

  test('where the store does not, is refused in one sentence', async () => {
    const silent = { ...memory };
    delete silent.copy;
    expect(remote(silent).canCopy()).toBe(false);
    const failure = await remote(silent)
      .copy('old', 'new', { size: 7 })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CannotCopyError);
  });

  test.each([
    ['is short', 'cut', 'has 3 of 7 bytes'],
    ['is not there', undefined, 'is not there'],
  ])('a copy that %s is taken away, and no other one is made', async (_title, content, says) => {
    let copies = 0;
    const store = copying((to) => {
      copies++;
      if (content !== undefined) memory.files.set(to, Buffer.from(content));
    });
    const there = remote(store);
    for (let i = 0; i < 2; i++) {
      const failure = await there.copy('old', 'new', { size: 7 }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CannotCopyError);
      expect(failure).toMatchObject({ message: `The storage was to copy old to new, and the copy ${says}.` });
      expect([there.canCopy(), [...memory.files.keys()]]).toEqual([false, ['old']]);
    }
    expect([copies, pauses]).toEqual([1, [2000, 4000]]);
  });

  test('a copy that shows late is fine', async () => {
    const late = copying(() => undefined);
    const there = remote(late, { meanwhile: () => memory.files.set('new', Buffer.from('content')) });
    await there.copy('old', 'new', { size: 7 });
    expect([there.canCopy(), pauses]).toEqual([true, [2000]]);
  });

  test.each([
    ['of that one file leaves it to others', new CannotCopyError('Not this one.'), true],
    ['for good is not asked again', new CannotCopyError('Never.', { isForGood: true }), false],
  ])('a refusal %s', async (_title, refusal, stillCan) => {
    const there = remote(faultyBackend(memory, [{ kind: 'copy', calls: [1], when: 'before', error: () => refusal }]));
    expect(await there.copy('old', 'new', { size: 7 }).catch((error: unknown) => error)).toBe(refusal);
    expect(there.canCopy()).toBe(stillCan);
  });

  test('a failure of the store is a reason to upload; that the original has gone says nothing of others', async () => {
    const there = remote(faultyBackend(memory, [{ kind: 'copy', calls: [2], when: 'before' }]));
    for (const [message, stillCan] of [
      ['absent is not in memory', true],
      ['copy 2 of new failed', false],
    ] as const) {
      const failure = await there.copy('absent', 'new', { size: 7 }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CannotCopyError);
      expect([failure, there.canCopy()]).toMatchObject([{ message }, stillCan]);
    }
  });

  test('what is interrupted, or no failure of a store, comes out as it is', async () => {
    const stopping = new AbortController();
    const backend = copying(() => stopping.abort(new Error('stopped')));
    const call = { signal: stopping.signal };
    const there = openRemote({ backend, spool, call, tries: 2 });
    await expect(there.copy('old', 'new', { size: 7 })).rejects.toThrow('stopped');
    const own = new TypeError('a bug');
    const broken = faultyBackend(memory, [{ kind: 'copy', calls: [1], when: 'before', error: () => own }]);
    expect(
      await remote(broken)
        .copy('old', 'new', { size: 7 })
        .catch((error: unknown) => error),
    ).toBe(own);
  });
});

describe('confirming', () => {
  /** Keeps what it gets, shows single files, and lists nothing before the listing of that number. */
  function hiding(shownFrom: number): { readonly backend: Backend; readonly listings: () => number } {
    let listings = 0;
    async function* list(call: Call): AsyncGenerator<RemoteFile> {
      if (++listings >= shownFrom) yield* memory.list(call);
    }
    return { backend: { ...memory, list }, listings: () => listings };
  }

  test('takes one listing that shows all that was put, and none when nothing was', async () => {
    const { backend, listings } = hiding(1);
    const storing = remote(backend);
    await storing.confirm();
    expect(listings()).toBe(0);
    await storing.put('vol1', file('content'));
    await storing.put('manifest', file('content'));
    await storing.confirm();
    await storing.confirm();
    expect([listings(), pauses]).toEqual([1, []]);
  });

  test('waits for a listing that comes late', async () => {
    const { backend, listings } = hiding(3);
    const storing = remote(backend);
    await storing.put('vol1', file('content'));
    await storing.confirm();
    expect([listings(), pauses]).toEqual([3, [2000, 4000]]);
  });

  test('is 52 when the listing never shows what was taken', async () => {
    const storing = remote(hiding(99).backend);
    await storing.put('vol1', file('content'));
    await expect(storing.confirm()).rejects.toMatchObject({
      exitCode: 52,
      message: 'The storage took 1 file(s), but its listing shows none of them: vol1.',
      fields: ['list', "'vol1'"],
      hint: expect.stringContaining('validate-backend'),
    });
    expect(pauses).toEqual([2000, 4000, 8000, 16_000]);
  });

  test('names what is lacking among what is listed, at once when nothing is to be tried twice', async () => {
    const storing = remote({ ...memory, list: () => flaky() }, { tries: 1 });
    async function* flaky(): AsyncGenerator<RemoteFile> {
      yield { name: 'vol1' };
    }
    for (const name of ['vol1', 'vol2', 'vol3', 'vol4', 'manifest']) await storing.put(name, file('content'));
    await expect(storing.confirm()).rejects.toThrow(
      'The storage took 5 file(s), but its listing lacks 4 of them: vol2, vol3, vol4, …',
    );
    expect(pauses).toEqual([]);
  });
});

describe('fetching', () => {
  test('gives a private copy with its hashes, which release removes', async () => {
    memory.files.set('vol1', Buffer.from('abc'));
    const fetched = await remote(memory).fetch('vol1');
    expect(readFileSync(fetched.path, 'utf8')).toBe('abc');
    expect(fetched.path.startsWith(`${spool.directory}/`)).toBe(true);
    expect(statSync(fetched.path).mode & 0o777).toBe(0o600);
    expect(fetched.hash('SHA1')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(fetched.hash('MD5')).toBe('900150983cd24fb0d6963f7d28e17f72');
    fetched.release();
    expect(spooled(spool)).toEqual([]);
  });

  test('starts over when the first try fails part-way', async () => {
    memory.files.set('vol1', Buffer.from('whole'));
    const retrying: Backend = {
      ...memory,
      async get(name, take, call) {
        async function* half(): AsyncGenerator<Buffer> {
          yield Buffer.from('more than the whole');
          throw new Error('connection lost');
        }
        await take(half()).catch(() => undefined);
        return memory.get(name, take, call);
      },
    };
    const fetched = await remote(retrying).fetch('vol1');
    expect(readFileSync(fetched.path, 'utf8')).toBe('whole');
  });

  test('a copy shorter than the listing says is fetched again', async () => {
    const whole = Buffer.from('all of it');
    memory.files.set('vol1', whole);
    let calls = 0;
    const cutting: Backend = {
      ...memory,
      async get(name, take, call) {
        if (++calls > 1) return memory.get(name, take, call);
        async function* half(): AsyncGenerator<Buffer> {
          yield whole.subarray(0, 4);
        }
        return take(half());
      },
    };
    const emit = (): void => undefined;
    const fetching = remote(withRetry(cutting, { tries: 2, delayMs: 0, emit }));
    fetching.learn({ name: 'vol1', size: whole.length });
    expect(fetching.sizeOf('vol1')).toBe(whole.length);
    const fetched = await fetching.fetch('vol1');
    expect(readFileSync(fetched.path).equals(whole)).toBe(true);
    expect(calls).toBe(2);
  });

  test('a copy that stays shorter than the listing says fails and leaves nothing behind', async () => {
    memory.files.set('vol1', Buffer.from('cut'));
    const fetching = remote(memory);
    fetching.learn({ name: 'vol1', size: 100 });
    await expect(fetching.fetch('vol1')).rejects.toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
    expect(spooled(spool)).toEqual([]);
  });

  test('sizes are not relied upon where listings are late, unknown or from before a put', async () => {
    memory.files.set('vol1', Buffer.from('new'));
    const late = remote(memoryWith({ consistentList: false }));
    late.learn({ name: 'vol1', size: 100 });
    expect([late.sizeOf('vol1'), late.listedSizeOf('vol1')]).toEqual([undefined, 100]);
    const fetching = remote(memory);
    fetching.learn({ name: 'vol1' });
    fetching.learn({ name: 'vol2', size: 100 });
    await fetching.put('vol2', file('shorter'));
    for (const [from, name, content] of [
      [late, 'vol1', 'new'],
      [fetching, 'vol1', 'new'],
      [fetching, 'vol2', 'shorter'],
    ] as const) {
      expect(readFileSync((await from.fetch(name)).path, 'utf8')).toBe(content);
    }
  });

  test('many files at once keeps to what the back end takes', async () => {
    let active = 0;
    let most = 0;
    for (const name of ['a', 'b', 'c', 'd', 'e']) memory.files.set(name, Buffer.from(name));
    const counting: Backend = {
      ...memory,
      traits: { ...memory.traits, parallel: 2 },
      async get(name, take, call) {
        most = Math.max(most, ++active);
        const taken = await memory.get(name, take, call);
        active--;
        return taken;
      },
    };
    const fetching = remote(counting);
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => fetching.fetch(name)));
    expect(most).toBe(2);
  });

  test('a file that is not there is not found', async () => {
    await expect(remote(memory).fetch('vol1')).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
  });

  test('from a directory reads in place, and releasing leaves the file', async () => {
    const place = join(dir, 'place');
    mkdirSync(place);
    writeFileSync(join(place, 'vol1'), 'abc');
    const local = remote(localBackend(place));
    expect(local.isLocal).toBe(true);
    const fetched = await local.fetch('vol1');
    expect(fetched.path).toBe(join(place, 'vol1'));
    expect(fetched.hash('SHA1')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    fetched.release();
    expect(existsSync(join(place, 'vol1'))).toBe(true);
    await expect(local.fetch('vol2')).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND' });
  });

  test('without a place for the copy is one sentence that names it', async () => {
    memory.files.set('vol1', Buffer.from('abc'));
    const broken = openRemote({
      backend: memory,
      spool: { ...spool, newPath: () => join(dir, 'absent', 'x') },
      call: { signal: new AbortController().signal },
      tries: 1,
    });
    await expect(broken.fetch('vol1')).rejects.toMatchObject({
      code: 'EXCEPTION',
      message: `Cannot create ${join(dir, 'absent', 'x')}: [Errno 2] No such file or directory`,
    });
  });
});

test('a hash covers files longer than any buffer', () => {
  const path = file(Buffer.alloc(1_000_000, 'a'));
  expect(hashFile(path, 'SHA1')).toBe('34aa973cd4c4daa4f61eeb2bdbad27316534016f');
  expect(hashFile(file(''), 'SHA1')).toBe('da39a3ee5e6b4b0d3255bfef95601890afd80709');
});
