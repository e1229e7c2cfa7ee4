import { createHash, randomBytes } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, test, type TestContext } from 'vitest';

import { contentHashOf } from '../../src/backends/dpbx/content-hash.ts';
import type { Backend, Body, Bytes, Call } from '../../src/backends/backend.ts';
import { CannotCopyError } from '../../src/errors/errors.ts';

export interface ConformanceOptions {
  /** The checksum that it tells of a small file, when it tells any. */
  readonly checksum?: 'sha1' | 'md5' | 'dropbox';
  /** How many names the long listing has; fewer for drivers that need long for each. */
  readonly names?: number;
  /** Puts many small files at the place by another way than `put`, where that is faster. */
  readonly plant?: (names: readonly string[], content: Buffer) => Promise<void>;
  /** Empties the place by another way than `delete`, where that is faster. */
  readonly clear?: () => void;
  /** What a killed upload of `name` leaves behind, where it is not `.name.part`. */
  readonly unfinished?: string;
  /** Bytes of a file to copy that the driver sends, or the server keeps, in pieces. */
  readonly copied?: number;
  /** The server copies nothing, which the driver finds out when it asks. */
  readonly copiesNothing?: true;
}

const VOLUME = 'duplicity-full.20260101T000000Z.vol1.difftar.gpg';
const ODD_NAMES = [
  'two words',
  '100%25 %41',
  'a+b&c=d',
  "quote's",
  '#?;:@',
  '~tilde',
  '-dash',
  'x'.repeat(120),
] as const;

/**
 * The promises of the Backend interface, checked on a running server. Every driver's test file calls this. `open` gives
 * a back end on an empty place of its own.
 */
export function conformance(driver: string, open: () => Promise<Backend>, options: ConformanceOptions = {}): void {
  describe(`${driver} keeps the backend contract`, () => {
    let backend: Backend;
    const call: Call = { signal: new AbortController().signal };

    beforeAll(async () => {
      backend = await open();
    });
    beforeEach(async () => {
      if (options.clear) options.clear();
      else for (const name of await names()) await backend.delete(name, call);
    });
    afterAll(() => backend[Symbol.asyncDispose]());

    async function names(): Promise<string[]> {
      const found: string[] = [];
      for await (const { name } of backend.list(call)) found.push(name);
      return found.sort();
    }
    function put(name: string, content: Buffer | string): Promise<void> {
      return backend.put(name, bodyOf(Buffer.from(content)), call);
    }
    function get(name: string): Promise<Buffer> {
      return backend.get(name, collect, call);
    }
    async function text(name: string): Promise<string> {
      return (await get(name)).toString();
    }

    test('gives back the bytes it was given, however many', async () => {
      const files = new Map(
        [0, 1, 511, 512, 65_536, 5 * 1024 * 1024 + 1].map((size) => [`f${size}`, randomBytes(size)]),
      );
      for (const [name, data] of files) await put(name, data);
      for (const [name, data] of files) expect([name, digest(await get(name))]).toEqual([name, digest(data)]);
    });

    test('takes a body in blocks of any size', async () => {
      const data = randomBytes(200_000);
      const cuts = [0, 1, 1, 700, 66_236, 200_000];
      const blocks = cuts.slice(1).map((end, i) => data.subarray(cuts[i], end));
      await backend.put(VOLUME, { size: data.length, open: () => from(blocks) }, call);
      expect(digest(await get(VOLUME))).toBe(digest(data));
    });

    test('a second put replaces the first, also by less', async () => {
      await put('name', 'the first and longer content');
      await put('name', 'second');
      expect(await text('name')).toBe('second');
      expect(await names()).toEqual(['name']);
    });

    test('lists exactly what is there', async () => {
      expect(await names()).toEqual([]);
      await put('b', '1');
      await put('a', '2');
      await put(VOLUME, '3');
      expect(await names()).toEqual(['a', 'b', VOLUME]);
      await backend.delete('a', call);
      expect(await names()).toEqual(['b', VOLUME]);
    });

    test('sizes in a listing, where there are any, are right', async () => {
      await put('empty', '');
      await put('five', '12345');
      const sizes = new Map<string, number>();
      for await (const { name, size = name === 'five' ? 5 : 0 } of backend.list(call)) sizes.set(name, size);
      expect(sizes).toEqual(
        new Map([
          ['empty', 0],
          ['five', 5],
        ]),
      );
    });

    test('keeps names of all kinds', async () => {
      for (const name of ODD_NAMES) await put(name, name);
      expect(await names()).toEqual(ODD_NAMES.toSorted());
      for (const name of ODD_NAMES) {
        expect(await text(name)).toBe(name);
        const found = backend.stat ? await backend.stat(name, call) : { name };
        expect(found).toMatchObject({ name });
      }
      // A name takes no other along.
      const [gone, left] = [ODD_NAMES.slice(0, 4), ODD_NAMES.slice(4)];
      for (const name of gone) await backend.delete(name, call);
      expect(await names()).toEqual(left.toSorted());
      for (const name of left) await backend.delete(name, call);
      expect(await names()).toEqual([]);
    });

    test('lists many names, each once', async () => {
      const expected = Array.from({ length: options.names ?? 10_000 }, (_, i) => `f${String(i).padStart(5, '0')}`);
      const content = Buffer.from('x');
      if (options.plant) await options.plant(expected, content);
      else for (const name of expected) await backend.put(name, bodyOf(content), call);
      expect(await names()).toEqual(expected);
    });

    test('a file that is not there is BACKEND_NOT_FOUND and not worth a retry', async () => {
      const failure = await get('absent').catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
      expect(await names()).toEqual([]);
    });

    test('what a killed run left of an upload is not listed, but told apart, and can be deleted', async ({ skip }) => {
      const { plant, unfinished = '.name.part' } = options;
      if (!backend.unfinished || !plant) {
        skip('the driver leaves none, or none can be planted');
        return;
      }
      await put('name', 'x');
      await plant([unfinished], Buffer.from('half'));
      expect(await names()).toEqual(['name']);
      const left: string[] = [];
      for await (const file of backend.unfinished(call)) left.push(file.name);
      expect(left).toEqual([unfinished]);
      await backend.delete(unfinished, call);
      for await (const file of backend.unfinished(call)) left.push(file.name);
      expect([left.length, await text('name')]).toEqual([1, 'x']);
    });

    test('deleting what is not there succeeds', async () => {
      await put('there', 'x');
      await backend.delete('absent', call);
      await backend.delete('there', call);
      await backend.delete('there', call);
      expect(await names()).toEqual([]);
    });

    test('takes as many puts and gets at once as it says', async () => {
      const several = Array.from({ length: Math.min(backend.traits.parallel, 16) }, (_, i) => `p${i}`);
      const data = randomBytes(300_000);
      await Promise.all(several.map((name) => put(name, data)));
      const got = await Promise.all(several.map(get));
      expect(got.map(digest)).toEqual(several.map(() => digest(data)));
    });

    test('a body that failed part-way is sent again from its start', async () => {
      const data = randomBytes(300_000);
      let opened = 0;
      async function* failingOnce(): Bytes {
        opened++;
        yield data.subarray(0, 200_000);
        if (opened === 1) throw new Error('the source failed');
        yield data.subarray(200_000);
      }
      const body: Body = { size: data.length, open: failingOnce };
      await expect(backend.put(VOLUME, body, call)).rejects.toThrow('the source failed');
      await backend.put(VOLUME, body, call);
      expect(digest(await get(VOLUME))).toBe(digest(data));
      expect(await names()).toEqual([VOLUME]);
    });

    test('a body of another size than announced is refused', async () => {
      await expect(backend.put('short', { ...bodyOf(Buffer.from('abc')), size: 4 }, call)).rejects.toThrow(/./);
      const visible = backend.traits.atomicPut ? await names() : [];
      expect(visible).toEqual([]);
    });

    test('a put that is aborted fails, and a new name does not appear half-written', async () => {
      const controller = new AbortController();
      const put = backend.put(VOLUME, aborting(controller), { signal: controller.signal });
      await expect(put).rejects.toThrow(/./);
      const visible = backend.traits.atomicPut ? await names() : [];
      expect(visible).toEqual([]);
      await backend.put(VOLUME, bodyOf(Buffer.from('whole')), call);
      expect(await text(VOLUME)).toBe('whole');
      expect(await names()).toEqual([VOLUME]);
    });

    test('an aborted put over an existing name leaves the old content', async ({ skip }) => {
      if (!backend.traits.atomicPut) {
        skip('puts of this driver are not atomic');
        return;
      }
      const controller = new AbortController();
      await put(VOLUME, 'old');
      const second = backend.put(VOLUME, aborting(controller), { signal: controller.signal });
      await expect(second).rejects.toThrow(/./);
      expect(await text(VOLUME)).toBe('old');
    });

    test('does nothing for a call that is aborted already', async () => {
      await put('name', 'x');
      const aborted: Call = { signal: AbortSignal.abort(new Error('stopped')) };
      await expect(backend.put('other', bodyOf(Buffer.from('x')), aborted)).rejects.toThrow('stopped');
      await expect(backend.get('name', collect, aborted)).rejects.toThrow('stopped');
      await expect(backend.delete('name', aborted)).rejects.toThrow('stopped');
      expect(await names()).toEqual(['name']);
    });

    test('a get that is aborted part-way fails', async () => {
      await put(VOLUME, randomBytes(2 * 1024 * 1024));
      const controller = new AbortController();
      async function stop(bytes: Bytes): Promise<void> {
        for await (const block of bytes) if (block.length > 0) controller.abort(new Error('stopped'));
      }
      await expect(backend.get(VOLUME, stop, { signal: controller.signal })).rejects.toThrow('stopped');
    });

    test('an error of the taker comes out as it is and does no harm to later calls', async () => {
      const data = randomBytes(1_000_000);
      await put(VOLUME, data);
      const own = new Error('the taker failed');
      async function failing(bytes: Bytes): Promise<never> {
        for await (const block of bytes) if (block.length > 0) throw own;
        throw new Error('there were no bytes');
      }
      expect(await backend.get(VOLUME, failing, call).catch((error: unknown) => error)).toBe(own);
      expect(digest(await get(VOLUME))).toBe(digest(data));
    });

    test('a taker may stop early and its answer is given back', async () => {
      await put(VOLUME, randomBytes(1_000_000));
      async function first(bytes: Bytes): Promise<string> {
        for await (const block of bytes) if (block.length > 0) return 'enough';
        return 'nothing';
      }
      expect(await backend.get(VOLUME, first, call)).toBe('enough');
      expect(await names()).toEqual([VOLUME]);
    });

    test('stat tells the size, and undefined for what is not there', async ({ skip }) => {
      if (!backend.stat) {
        skip('the driver has no stat');
        return;
      }
      await put('five', '12345');
      const { size = 5, ...rest } = (await backend.stat('five', call)) ?? {};
      expect([size, rest]).toEqual([5, { name: 'five' }]);
      expect(await backend.stat('absent', call)).toBeUndefined();
    });

    test('getRange gives the bytes from start up to, not including, end', async ({ skip }) => {
      if (!backend.getRange) {
        skip('the driver has no getRange');
        return;
      }
      await put('digits', '0123456789');
      expect((await backend.getRange('digits', 2, 5, collect, call)).toString()).toBe('234');
      const failure = await backend.getRange('absent', 0, 1, collect, call).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'BACKEND_NOT_FOUND' });
    });

    test('a checksum is that of the bytes, and undefined for what is not there', async ({ skip }) => {
      if (backend.checksum === undefined || options.checksum === undefined) return skip();
      const algorithm = options.checksum;
      for (const data of [randomBytes(70_000), randomBytes(3)]) {
        await backend.put(VOLUME, bodyOf(data), call);
        const hex = algorithm === 'dropbox' ? contentHashOf(data) : createHash(algorithm).update(data).digest('hex');
        expect(await backend.checksum(VOLUME, call)).toEqual({ algorithm, hex });
      }
      expect(await backend.checksum('not-there', call)).toBeUndefined();
    });

    test('rename moves a file, over another one too', async ({ skip }) => {
      if (!backend.rename) {
        skip('the driver has no rename');
        return;
      }
      await put('from', 'new');
      await put('to', 'old');
      await backend.rename('from', 'to', call);
      expect(await names()).toEqual(['to']);
      expect(await text('to')).toBe('new');
      const failure = await backend.rename('absent', 'x', call).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
    });

    /** A test that is skipped where the driver does not copy. */
    function copying(
      run: (copy: NonNullable<Backend['copy']>) => Promise<void>,
    ): (context: TestContext) => Promise<void> {
      return async ({ skip }) => {
        if (backend.copy && options.copiesNothing !== true) await run(backend.copy.bind(backend));
        else skip('nothing is copied there');
      };
    }

    test('a server that copies nothing is found out, and nothing comes of it', async ({ skip }) => {
      if (!backend.copy || options.copiesNothing !== true) {
        skip('the server copies');
        return;
      }
      await put('from', 'content');
      const failure = await backend.copy('from', 'to', call).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CannotCopyError);
      expect(failure).toMatchObject({ isForGood: true });
      expect(await names()).toEqual(['from']);
    });

    test(
      'copy makes a second file, and leaves the first',
      copying(async (copy) => {
        await put('from', 'content');
        await copy('from', 'to', call);
        expect([await text('from'), await text('to')]).toEqual(['content', 'content']);
        const failure = await copy('absent', 'x', call).catch((error: unknown) => error);
        expect(failure).toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
        expect(await names()).toEqual(['from', 'to']);
      }),
    );

    test(
      'copies files of no bytes and of many',
      copying(async (copy) => {
        for (const size of [0, options.copied ?? 300_001]) {
          const data = randomBytes(size);
          await put('from', data);
          await copy('from', VOLUME, call);
          expect(digest(await get(VOLUME))).toBe(digest(data));
        }
        expect(await names()).toEqual([VOLUME, 'from']);
      }),
    );

    test(
      'copy replaces what is there, also by less',
      copying(async (copy) => {
        await put('to', 'the first and longer content');
        await put('from', 'second');
        await copy('from', 'to', call);
        expect(await text('to')).toBe('second');
        expect(await names()).toEqual(['from', 'to']);
      }),
    );

    test(
      'a copy and its original, linked or not, go their own ways',
      copying(async (copy) => {
        const linked = { ...call, asLink: true } as const;
        await put('from', 'content');
        await copy('from', 'kept', linked);
        await put('from', 'new');
        expect(await text('kept')).toBe('content');
        // A second name is one name the less when it is made again.
        for (let i = 0; i < 2; i++) await copy('kept', 'from', linked);
        await backend.delete('kept', call);
        expect([await text('from'), await names()]).toEqual(['content', ['from']]);
      }),
    );

    test(
      'copies from and to names of all kinds',
      copying(async (copy) => {
        await put(ODD_NAMES[0], ODD_NAMES[0]);
        // Each is made of the one before.
        for (const [i, to] of ODD_NAMES.slice(1).entries()) await copy(ODD_NAMES[i] ?? '', to, call);
        expect(await names()).toEqual(ODD_NAMES.toSorted());
        expect(await text(ODD_NAMES.at(-1) ?? '')).toBe(ODD_NAMES[0]);
      }),
    );

    test(
      'makes as many copies at once as it says, and none for a call that is aborted',
      copying(async (copy) => {
        const several = Array.from({ length: Math.min(backend.traits.parallel, 16) }, (_, i) => `p${i}`);
        await put('from', 'content');
        await Promise.all(several.map((to) => copy('from', to, call)));
        expect(await text(several.at(-1) ?? '')).toBe('content');
        const aborted: Call = { signal: AbortSignal.abort(new Error('stopped')) };
        await expect(copy('from', 'to', aborted)).rejects.toThrow('stopped');
        expect(await names()).toEqual(['from', ...several]);
      }),
    );

    test('can be closed, even twice', async () => {
      const other = await open();
      await other.put('name', bodyOf(Buffer.from('x')), call);
      await other[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      expect(await names()).toEqual(expect.any(Array));
    });
  });
}

function bodyOf(data: Buffer): Body {
  return { size: data.length, open: () => from([data]) };
}

/** A body of 600 kB that aborts after its first third. */
function aborting(controller: AbortController): Body {
  async function* open(): Bytes {
    yield randomBytes(200_000);
    controller.abort(new Error('stopped'));
    yield randomBytes(200_000);
    yield randomBytes(200_000);
  }
  return { size: 600_000, open };
}

async function* from(blocks: readonly Buffer[]): Bytes {
  yield* blocks;
}

async function collect(bytes: Bytes): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of bytes) blocks.push(block);
  return Buffer.concat(blocks);
}

/** Megabytes compare much faster this way, and a failure stays readable. */
function digest(data: Buffer): string {
  return `${data.length} ${createHash('sha1').update(data).digest('hex')}`;
}
