import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { EntryStream } from '../../archive/entry.ts';
import { difftarMember } from '../../archive/difftar-writer.ts';
import type { Manifest, VolumeRecord } from '../../archive/manifest/manifest.ts';
import { NO_PREFIXES } from '../../archive/names/names.ts';
import { encodeHeader, padding } from '../../archive/tar/tar-writer.ts';
import type { BackupSet } from '../../collections/sets.ts';
import type { Codec } from '../../crypto/codec.ts';
import { localFailure } from '../../crypto/local-failure.ts';
import { LocalError } from '../../errors/errors.ts';
import { plainCodec } from '../../crypto/plain/plain.ts';
import type { Event } from '../../events/events.ts';
import { type MemoryBackend, memoryBackend } from '../../testing/memory-backend.ts';
import { bytePath, ROOT } from '../../util/bytepath.ts';
import { openRemote, type Remote } from '../remote.ts';
import { planSet, type SetPlan, volumeNames } from './set-plan.ts';
import { openSets, type SetReaderOptions } from './set-reader.ts';
import { openSpool, type Spool } from '../spool.ts';
import { entry, metadata, readAll } from '../testing/entries.ts';
import { spooled, tempDir } from '../testing/temp-dir.ts';

const END = 1_700_000_000;
const signal = new AbortController().signal;

function volume(...names: readonly string[]): Buffer {
  return Buffer.concat(
    names.flatMap((name) => {
      const body = Buffer.from(`content of ${name}`);
      const member = difftarMember(entry('snapshot', name, metadata('reg')), body.length);
      return [encodeHeader(member), body, padding(body.length)];
    }),
  );
}

const volumes = [volume('a', 'b'), volume('c', 'd/e'), volume('d/f', 'g')];
const ends = ['a b', 'c d/e', 'd/f g'].map((text) => text.split(' ').map(bytePath));
const nameOf = (number: number, suffix = ''): string => `duplicity-full.20231114T221320Z.vol${number}.difftar${suffix}`;

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

function recordOf(i: number, hashes?: ReadonlyMap<string, string>): VolumeRecord {
  const [start = ROOT, end = ROOT] = ends[i] ?? [];
  return {
    number: i + 1,
    start: { path: start },
    end: { path: end },
    hashes: hashes ?? new Map([['SHA1', sha1(volumes[i] ?? Buffer.alloc(0))]]),
  };
}

const manifestOf = (records: readonly VolumeRecord[]): Manifest => ({ volumes: records, records: records.length });
const manifest = manifestOf([0, 1, 2].map((i) => recordOf(i)));

function setOf(names: ReadonlyMap<number, readonly string[]>): BackupSet {
  return {
    type: 'full',
    start: END,
    end: END,
    volumes: names,
    manifest: 'm',
    manifests: ['m'],
    localManifest: undefined,
    partialManifest: undefined,
    partialSignatures: undefined,
    unusable: [],
    statistics: { remote: [], local: [] },
    encrypted: false,
    isPartial: false,
    isComplete: true,
  };
}
const allNames = new Map([1, 2, 3].map((number) => [number, [nameOf(number)]]));
const set = setOf(allNames);

let memory: MemoryBackend;
let spool: Spool;
let events: Event[];
let skipped: Error[];
let warnings: unknown[];
let fetches: string[];
let read: number;

beforeEach(() => {
  memory = memoryBackend();
  spool = openSpool([tempDir()]);
  volumes.forEach((bytes, i) => memory.files.set(nameOf(i + 1), bytes));
  events = [];
  skipped = [];
  warnings = [];
  fetches = [];
  read = 0;
});

/** `isLocal` as of a directory, though the files are copied. */
function options(more: Partial<SetReaderOptions> = {}, isLocal = false): SetReaderOptions {
  const remote = openRemote({ backend: memory, spool, call: { signal }, tries: 1 });
  const counting: Remote = {
    ...remote,
    isLocal,
    fetch: (name, signal) => {
      fetches.push(name);
      return remote.fetch(name, signal);
    },
  };
  return {
    remote: counting,
    spool,
    codecOf: () => plainCodec(),
    prefixes: NO_PREFIXES,
    signer: undefined,
    tries: 3,
    ignoreErrors: false,
    onWarning: (warning) => warnings.push(warning),
    onSkipped: (error) => skipped.push(error),
    onVolume: () => read++,
    emit: (event) => events.push(event),
    signal,
    ...more,
  };
}

/** A lone set, whose reader ends with it. */
function openSet(plan: SetPlan, given: SetReaderOptions): EntryStream {
  const { streams, close } = openSets([plan], given);
  const [stream] = streams;
  if (stream === undefined) throw new Error('no stream');
  return {
    next: () => stream.next(),
    read: () => stream.read(),
    close: async () => {
      await stream.close();
      await close();
    },
  };
}

const rules = { prefixes: NO_PREFIXES, ignoreErrors: false };

async function pathsOf(wanted: string, more: Partial<SetReaderOptions> = {}): Promise<readonly string[]> {
  const plan = planSet(set, manifest, bytePath(wanted), { ...rules, ...more });
  const all = await readAll(openSet(plan, options(more)));
  for (const { entry, body } of all) expect(body.toString()).toBe(`content of ${entry.path}`);
  return all.map(({ entry }) => entry.path);
}

describe('a plan', () => {
  test.each<readonly [string, readonly number[]]>([
    ['', [1, 2, 3]],
    ['a', [1]],
    ['c', [2]],
    ['d', [2, 3]],
    ['d/e', [2]],
    ['d/f', [3]],
    ['g', [3]],
    ['h', []],
    ['0', []],
  ])('for %j holds the volumes that can have it', (wanted, numbers) => {
    const plan = planSet(set, manifest, bytePath(wanted), rules);
    expect(plan.records.map(({ number }) => number)).toEqual(numbers);
    expect(volumeNames(plan)).toEqual(numbers.map((number) => nameOf(number)));
  });

  test('stops before anything is read when a volume is missing', () => {
    const torn = setOf(new Map([...allNames].filter(([number]) => number !== 2)));
    expect(() => planSet(torn, manifest, ROOT, rules)).toThrow(
      expect.objectContaining({
        code: 'BACKEND_NOT_FOUND',
        exitCode: 52,
        message: expect.stringMatching(
          /^Volume 2 \(duplicity-full\.20231114T221320Z\.vol2\..*SHA1 [0-9a-f]{40}\) is in/,
        ),
      }),
    );
    expect(planSet(torn, manifest, bytePath('a'), rules).records).toHaveLength(1);
    expect(planSet(torn, manifest, ROOT, { ...rules, ignoreErrors: true }).records).toHaveLength(3);
  });
});

describe('the entries of a set', () => {
  test('come in order, volume by volume, opened in place when their turn comes', async () => {
    const given = options({}, true);
    const stream = openSet(planSet(set, manifest, ROOT, rules), given);
    expect((await stream.next())?.path).toBe('a');
    expect(fetches).toEqual([nameOf(1)]);
    expect((await readAll(stream)).map(({ entry }) => entry.path)).toEqual(['b', 'c', 'd/e', 'd/f', 'g']);
    expect(fetches).toEqual([nameOf(1), nameOf(2), nameOf(3)]);
    expect(read).toBe(3);
    expect([warnings, skipped, events]).toEqual([[], [], []]);
    expect(spooled(spool)).toEqual([]);
  });

  test('of a part come from its volumes only', async () => {
    expect(await pathsOf('d')).toEqual(['d/e', 'd/f']);
    expect(fetches).toEqual([nameOf(2), nameOf(3)]);
    expect(await pathsOf('nowhere')).toEqual([]);
  });

  test('are read after a wrong hash when another fetch gives the right bytes', async () => {
    const good = memory.files.get(nameOf(2)) ?? Buffer.alloc(0);
    memory.files.set(nameOf(2), Buffer.from('garbled'));
    const given = options();
    const remote: Remote = {
      ...given.remote,
      fetch: (name) => {
        if (fetches.filter((fetched) => fetched === nameOf(2)).length === 2) memory.files.set(nameOf(2), good);
        return given.remote.fetch(name);
      },
    };
    const all = await readAll(openSet(planSet(set, manifest, ROOT, rules), { ...given, remote }));
    expect(all).toHaveLength(6);
    expect(fetches.filter((name) => name === nameOf(2))).toHaveLength(3);
  });

  test('are 21 when the hash stays wrong, after as many fetches as allowed', async () => {
    memory.files.set(nameOf(2), Buffer.from('garbled'));
    await expect(pathsOf('')).rejects.toMatchObject({
      code: 'MISMATCHED_HASH',
      exitCode: 21,
      message: [
        'Invalid data - SHA1 hash mismatch for file:',
        ` ${nameOf(2)} (volume 2)`,
        ` Calculated hash: ${sha1(Buffer.from('garbled'))}`,
        ` Manifest hash: ${sha1(volumes[1] ?? Buffer.alloc(0))}`,
      ].join('\n'),
    });
    expect(fetches.filter((name) => name === nameOf(2))).toHaveLength(3);
  });

  test('are 21 at once where the file is read in place', async () => {
    memory.files.set(nameOf(1), Buffer.from('garbled'));
    const stream = openSet(planSet(set, manifest, ROOT, rules), options({}, true));
    await expect(readAll(stream)).rejects.toMatchObject({ code: 'MISMATCHED_HASH' });
    expect(fetches).toEqual([nameOf(1)]);
  });

  test('leave a bad volume out when errors are to be ignored, and a missing one', async () => {
    memory.files.set(nameOf(1), Buffer.from('garbled'));
    memory.files.delete(nameOf(3));
    expect(await pathsOf('', { ignoreErrors: true })).toEqual(['c', 'd/e']);
    expect(skipped).toMatchObject([{ code: 'MISMATCHED_HASH' }, { code: 'BACKEND_NOT_FOUND' }]);
    expect(read).toBe(1);
  });

  test('leave out a volume that was missing when it was planned', async () => {
    const torn = setOf(new Map([...allNames].filter(([number]) => number !== 2)));
    const plan = planSet(torn, manifest, ROOT, { ...rules, ignoreErrors: true });
    const all = await readAll(openSet(plan, options({ ignoreErrors: true })));
    expect(all.map(({ entry }) => entry.path)).toEqual(['a', 'b', 'd/f', 'g']);
    expect(skipped).toMatchObject([{ code: 'BACKEND_NOT_FOUND' }]);
  });

  test('come from the one of several candidates that has the right hash', async () => {
    memory.files.set('other', Buffer.from('another file of that number'));
    const twofold = setOf(new Map([...allNames, [2, ['other', nameOf(2)]]]));
    const all = await readAll(openSet(planSet(twofold, manifest, ROOT, rules), options()));
    expect(all).toHaveLength(6);
    expect(fetches.toSorted()).toEqual([nameOf(1), nameOf(2), nameOf(3), 'other']);
  });

  test('are checked by MD5 where the manifest has nothing else, in any case of letters', async () => {
    const md5 = createHash('md5')
      .update(volumes[0] ?? Buffer.alloc(0))
      .digest('hex')
      .toUpperCase();
    const alone = setOf(new Map([[1, [nameOf(1)]]]));
    const old = manifestOf([recordOf(0, new Map([['MD5', md5]]))]);
    expect(await readAll(openSet(planSet(alone, old, ROOT, rules), options()))).toHaveLength(2);
    const wrong = manifestOf([recordOf(0, new Map([['MD5', 'f'.repeat(32)]]))]);
    await expect(readAll(openSet(planSet(alone, wrong, ROOT, rules), options()))).rejects.toThrow('MD5 hash mismatch');
  });

  test('without any hash in the manifest are taken with a warning', async () => {
    const alone = setOf(new Map([[1, [nameOf(1)]]]));
    const bare = manifestOf([recordOf(0, new Map())]);
    expect(await readAll(openSet(planSet(alone, bare, ROOT, rules), options()))).toHaveLength(2);
    expect(events).toEqual([
      { kind: 'warning', text: `The manifest holds no hash for ${nameOf(1)}: it is taken as it is.` },
    ]);
  });

  test.each<readonly [string, Manifest, RegExp]>([
    ['lacks a volume that is there', manifestOf([0, 1].map((i) => recordOf(i))), /does not name volume 3/],
    ['lacks one in the middle', manifestOf([0, 2].map((i) => recordOf(i))), /does not name volume 2/],
    [
      'names no volume in the middle of its list',
      { ...manifestOf([0, 2].map((i) => recordOf(i))), fileList: { announced: 0, found: 0 } },
      /names no volume 2/,
    ],
    ['lists fewer files than it announces', { ...manifest, fileList: { announced: 5, found: 3 } }, /announces 5/],
  ])('are not read by a manifest that %s', (_what, cut, message) => {
    expect(() => planSet(set, cut, ROOT, rules)).toThrow(message);
    expect(planSet(set, cut, ROOT, { ...rules, ignoreErrors: true }).records).toBe(cut.volumes);
  });

  test('are read by a whole manifest although an earlier attempt left a volume more', () => {
    const whole = { ...manifestOf([0, 1].map((i) => recordOf(i))), fileList: { announced: 2, found: 2 } };
    expect(planSet(set, whole, ROOT, rules).records).toBe(whole.volumes);
  });

  test('are fetched ahead, as many at once as the back end takes', async () => {
    let active = 0;
    let most = 0;
    const given = options();
    const remote: Remote = {
      ...given.remote,
      parallel: 2,
      fetch: async (name, signal) => {
        most = Math.max(most, ++active);
        const file = await given.remote.fetch(name, signal);
        active--;
        return file;
      },
    };
    const stream = openSet(planSet(set, manifest, ROOT, rules), { ...given, remote });
    await stream.next();
    expect(fetches).toEqual([nameOf(1), nameOf(2), nameOf(3)]);
    expect(await readAll(stream)).toHaveLength(5);
    expect(most).toBe(2);
    expect(spooled(spool)).toEqual([]);
  });

  test('of several sets are fetched in the order in which a merge needs them', async () => {
    const plan = (): SetPlan => planSet(set, manifestOf([0, 1, 2].map((i) => recordOf(i))), ROOT, rules);
    const given = options();
    const { streams, close } = openSets([plan(), plan()], { ...given, remote: { ...given.remote, parallel: 1 } });
    for (const stream of streams) await stream.next();
    for (;;) {
      const entries = [];
      for (const stream of streams) entries.push(await stream.next());
      if (entries.every((entry) => entry === undefined)) break;
    }
    await close();
    expect(fetches).toEqual([1, 1, 2, 2, 3, 3].map((number) => nameOf(number)));
  });

  test('show a failure only when its volume is reached', async () => {
    memory.files.delete(nameOf(2));
    const stream = openSet(planSet(set, manifest, ROOT, rules), options());
    expect((await stream.next())?.path).toBe('a');
    expect((await stream.next())?.path).toBe('b');
    expect(fetches).toContain(nameOf(3));
    await expect(stream.next()).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND' });
    await stream.close();
    expect(spooled(spool)).toEqual([]);
  });

  test('are fetched again in their turn when the spool was full before', async () => {
    const given = options();
    const full = new LocalError('EXCEPTION', 'No space left on device');
    let failures = 1;
    const remote: Remote = {
      ...given.remote,
      fetch: async (name, signal) => {
        if (name === nameOf(2) && failures-- > 0) throw full;
        return given.remote.fetch(name, signal);
      },
    };
    expect(await readAll(openSet(planSet(set, manifest, ROOT, rules), { ...given, remote }))).toHaveLength(6);
  });

  test('are not fetched ahead where they would fill the disk', async () => {
    const given = options();
    const remote: Remote = { ...given.remote, sizeOf: () => 1000 };
    const tight: Spool = { ...spool, freeBytes: () => 3000 };
    const stream = openSet(planSet(set, manifest, ROOT, rules), { ...given, remote, spool: tight });
    await stream.next();
    expect(fetches).toEqual([nameOf(1), nameOf(2)]);
    await stream.close();
  });

  test('that nobody reads on leave no copies, and no fetch goes on', async () => {
    const given = options();
    let ended = 0;
    const remote: Remote = {
      ...given.remote,
      fetch: async (name, signal) => {
        if (name !== nameOf(3)) return given.remote.fetch(name, signal);
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
        ended++;
        throw new Error('ended');
      },
    };
    const stream = openSet(planSet(set, manifest, ROOT, rules), { ...given, remote });
    await stream.next();
    expect(spooled(spool)).not.toEqual([]);
    await stream.close();
    expect(ended).toBe(1);
    expect(spooled(spool)).toEqual([]);
  });

  test('of a path are fetched from its volumes only, also ahead', async () => {
    const stream = openSet(planSet(set, manifest, bytePath('d'), rules), options());
    await stream.next();
    await stream.close();
    expect(fetches).toEqual([nameOf(2), nameOf(3)]);
  });

  test('of a chain of hundreds of sets are decoded a few at a time', async () => {
    let open = 0;
    let most = 0;
    const codec: Codec = {
      ...plainCodec(),
      async *open(path, given) {
        most = Math.max(most, ++open);
        try {
          yield* plainCodec().open(path, given);
        } finally {
          open--;
        }
      },
    };
    const plans = Array.from({ length: 300 }, () =>
      planSet(set, manifestOf([0, 1, 2].map((i) => recordOf(i))), ROOT, rules),
    );
    const { streams, close } = openSets(plans, options({ codecOf: () => codec }, true));
    const firsts = [];
    for (const stream of streams) firsts.push((await stream.next())?.path);
    expect(new Set(firsts)).toEqual(new Set(['a']));
    expect([most, open]).toEqual([1, 0]);
    expect(spooled(spool)).toEqual([]);
    for (const stream of streams) await stream.close();
    await close();
  });
});

describe('a file that the system does not let be read', () => {
  const refusal = (code: string, errno: number, syscall: string): Error =>
    Object.assign(new Error(`${code}: refused, ${syscall}`), { code, errno: -errno, syscall });

  const hashing = (failing: string, error: Error, isLocal = false): Remote => {
    const { remote } = options({}, isLocal);
    return {
      ...remote,
      fetch: async (name) => {
        const file = await remote.fetch(name);
        const hash = (): never => {
          throw error;
        };
        return name === failing ? { ...file, hash, hashInTurns: hash } : file;
      },
    };
  };

  test.each([
    ['where it lies', 'EACCES', 13, true, { name: 'BackendError', code: 'BACKEND_PERMISSION_DENIED' }],
    ['where it lies', 'EIO', 5, true, { name: 'BackendError', code: 'BACKEND_ERROR' }],
    ['as a copy', 'EIO', 5, false, { name: 'LocalError', code: 'EXCEPTION' }],
  ] as const)(
    '%s (%s) ends the run, or is left out where errors are ignored',
    async (_where, code, errno, isLocal, failure) => {
      const remote = hashing(nameOf(2), refusal(code, errno, 'open'), isLocal);
      const plan = planSet(set, manifest, ROOT, rules);
      await expect(readAll(openSet(plan, options({ remote })))).rejects.toMatchObject({
        ...failure,
        message: expect.stringMatching(/^Cannot read .*: \[Errno \d+\] /),
      });
      const rest = await readAll(openSet(plan, options({ remote, ignoreErrors: true })));
      expect(rest.map(({ entry: { path } }) => path)).toEqual(['a', 'b', 'd/f', 'g']);
      expect(skipped).toEqual([expect.objectContaining(failure)]);
    },
  );

  test('behind its beginning is damage of it, after which the next volume is read', async () => {
    const plain = plainCodec();
    const codecOf = (name: string): Codec => ({
      ...plain,
      async *open(path, given) {
        yield* plain.open(path, given);
        if (name === nameOf(2)) throw localFailure('read', path, refusal('EIO', 5, 'read'));
      },
    });
    const stream = openSet(planSet(set, manifest, ROOT, rules), options({ codecOf }));
    const seen: string[] = [];
    const failures: unknown[] = [];
    for (;;) {
      try {
        const found = await stream.next();
        if (found === undefined) break;
        seen.push(found.path);
      } catch (error) {
        failures.push(error);
      }
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd/e', 'd/f', 'g']);
    expect(failures).toEqual([
      expect.objectContaining({ name: 'IntegrityError', code: 'EXCEPTION', exception: 'OSError' }),
    ]);
  });

  test.each([
    ['a want of descriptors', 'EMFILE', 24, 'open'],
    ['a full spool', 'ENOSPC', 28, 'write'],
  ])('%s is no fault of a volume, also where errors are ignored', async (_what, code, errno, syscall) => {
    const remote = hashing(nameOf(1), refusal(code, errno, syscall));
    const stream = openSet(planSet(set, manifest, ROOT, rules), options({ remote, ignoreErrors: true }));
    await expect(readAll(stream)).rejects.toBeInstanceOf(LocalError);
    expect(skipped).toEqual([]);
  });
});
