import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import type { Codec } from '../codec.ts';
import { codecs } from '../codecs.ts';
import { type FileStamp, stampOf } from '../file-stamp.ts';
import { never, randomBytes, textBytes } from '../testing/files.ts';
import { literalPacket, symmetricMessage, WITHOUT_GPG } from '../testing/openpgp.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { type DecodeThread, decodeThread } from './decode-thread.ts';

const opened: DecodeThread[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const thread of opened.splice(0)) thread.close();
});

function newThread(): DecodeThread {
  const thread = decodeThread();
  opened.push(thread);
  return thread;
}

const warnings: string[] = [];
const codecOf = codecs({
  gpg: WITHOUT_GPG,
  warn: (text) => void warnings.push(text),
});

const LARGE_BYTES = 64 * 1024 * 1024;
// Larger than what the thread may be ahead, and half of it cannot be compressed.
const CONTENT = Buffer.concat([textBytes(1_500_000), randomBytes(4_400_000), textBytes(500_001)]);
const compressed = (): Buffer => {
  const packets = deflateRawSync(literalPacket(CONTENT));
  return symmetricMessage('golden', Buffer.concat([Buffer.from([0xa3, 1]), packets]), true);
};
const FILES: Readonly<Record<string, { readonly suffix: Codec['suffix']; readonly bytes: Buffer }>> = {
  'gzip file': { suffix: '.gz', bytes: gzipSync(CONTENT) },
  'gzip file of two members': {
    suffix: '.gz',
    bytes: Buffer.concat([gzipSync(CONTENT.subarray(0, 4_000_000)), gzipSync(CONTENT.subarray(4_000_000))]),
  },
  'gzip file with zeros behind it': { suffix: '.gz', bytes: Buffer.concat([gzipSync(CONTENT), Buffer.alloc(999)]) },
  'OpenPGP file': { suffix: '.gpg', bytes: symmetricMessage('golden', literalPacket(CONTENT), true) },
  'small OpenPGP file': {
    suffix: '.gpg',
    bytes: symmetricMessage('golden', literalPacket(CONTENT.subarray(0, 2_000_000)), true),
  },
  'compressed OpenPGP file': { suffix: '.gpg', bytes: compressed() },
};

interface Stored {
  readonly path: string;
  readonly codec: Codec;
  readonly stamp: FileStamp;
}

function stored(name: string, change: (bytes: Buffer) => Buffer = (bytes) => bytes): Stored {
  const { suffix = '', bytes = Buffer.alloc(0) } = FILES[name] ?? {};
  const path = join(tempDir(), `f${suffix}`);
  writeFileSync(path, change(bytes));
  return { path, codec: codecOf(suffix), stamp: stampOf(statSync(path)) };
}

interface Outcome {
  readonly digest: string;
  readonly length: number;
  readonly error: unknown;
}

interface Reading {
  readonly thread?: DecodeThread;
  readonly proven?: FileStamp | Promise<FileStamp | undefined>;
  readonly onBlock?: (n: number) => void;
}

async function read({ path, codec, stamp }: Stored, { thread, proven = stamp, onBlock }: Reading): Promise<Outcome> {
  const hash = createHash('sha1');
  let length = 0;
  let error: unknown;
  let n = 0;
  try {
    const options = { name: 'vol3', signal: never, reuses: true, proven, ...(thread && { thread }) };
    for await (const block of codec.open(path, options)) {
      hash.update(block);
      length += block.length;
      onBlock?.(n++);
    }
  } catch (caught) {
    error = caught;
  }
  return { digest: hash.digest('hex'), length, error };
}

function proof(): { readonly proven: Promise<FileStamp>; readonly prove: (stamp: FileStamp) => void } {
  const given: ((stamp: FileStamp) => void)[] = [];
  const proven = new Promise<FileStamp>((resolve) => given.push(resolve));
  return { proven, prove: (stamp) => given[0]?.(stamp) };
}

/** How often a file was begun by the thread, and whether it was read to its end by it. */
function watched(thread: DecodeThread): { readonly thread: DecodeThread; readonly ends: (boolean | undefined)[] } {
  const ends: (boolean | undefined)[] = [];
  return {
    ends,
    thread: {
      begin(job) {
        const decoding = thread.begin(job);
        if (decoding === undefined) return undefined;
        const at = ends.push(undefined) - 1;
        return {
          drop: () => decoding.drop(),
          async *blocks(signal) {
            const isWhole = yield* decoding.blocks(signal);
            ends[at] = isWhole;
            return isWhole;
          },
        };
      },
      close: () => thread.close(),
    },
  };
}

test.each(Object.keys(FILES))('a thread makes of a %s what the main one makes of it', async (name) => {
  const file = stored(name);
  const { thread, ends } = watched(newThread());
  const outcome = await read(file, { thread });
  expect(outcome).toEqual(await read(file, {}));
  expect(outcome.length).toBe(name.startsWith('small') ? 2_000_000 : CONTENT.length);
  expect(ends).toEqual(name.startsWith('small') ? [] : [!name.includes('zeros')]);
});

test('several files come one after the other, begun before the one before is read', async () => {
  const { thread, ends } = watched(newThread());
  const names = ['gzip file', 'OpenPGP file', 'compressed OpenPGP file', 'gzip file'];
  const files = names.map((name) => stored(name));
  const outcomes = await Promise.all(files.map((file) => read(file, { thread })));
  expect(outcomes.map(({ length, error }) => ({ length, error }))).toEqual(
    files.map(() => ({ length: CONTENT.length, error: undefined })),
  );
  expect(new Set(outcomes.map(({ digest }) => digest)).size).toBe(1);
  expect(ends).toEqual([true, true, true, true]);
});

const changed =
  (at: number) =>
  (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    const place = Math.floor(at * (bytes.length - 30)) + 25;
    copy[place] = (copy[place] ?? 0) ^ 0x55;
    return copy;
  };

test.each(
  ['gzip file', 'OpenPGP file', 'compressed OpenPGP file'].flatMap((name) => [
    [name, 'changed in its middle', changed(0.5)] as const,
    [name, 'changed at its end', changed(1)] as const,
    [name, 'cut off', (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length - 1500)] as const,
    [name, 'followed by something', (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from('more')])] as const,
    [name, 'empty', (): Buffer => Buffer.alloc(0)] as const,
  ]),
)('a %s that is %s ends with a thread as it ends without one', async (name, _, change) => {
  const file = stored(name, change);
  warnings.length = 0;
  const alone = await read(file, {});
  const warned = warnings.splice(0);
  const outcome = await read(file, { thread: newThread() });
  expect(outcome).toEqual(alone);
  expect(warnings).toEqual(warned);
});

test.each(['gzip file', 'OpenPGP file'])('nothing of a %s is used before it is proven', async (name) => {
  const file = stored(name);
  let seen = 0;
  const { proven, prove } = proof();
  const { thread, ends } = watched(newThread());
  const reading = read(file, { thread, proven, onBlock: () => seen++ });
  // The thread is far ahead by the time that the main one has read all of it.
  await read(file, {});
  expect(seen).toBe(0);
  prove(file.stamp);
  expect(await reading).toMatchObject({ length: CONTENT.length, error: undefined });
  expect(ends).toEqual([true]);
});

test.each([
  ['gzip file', 'a thread', false],
  ['gzip file', 'a thread that is gone', true],
  ['OpenPGP file', 'a thread', false],
  ['small OpenPGP file', 'a thread', false],
])('a %s is read as it is when it is proven, with %s', async (name, _, isGone) => {
  const file = stored(name);
  const right = readFileSync(file.path);
  writeFileSync(file.path, Buffer.alloc(right.length));
  if (name.includes('PGP')) writeFileSync(file.path, changed(0.9)(right));
  const thread = newThread();
  if (isGone) thread.close();
  const { proven, prove } = proof();
  const reading = read(file, { thread, proven });
  // Whoever reads it before it is proven would have done so by the time that another one is read.
  await read(stored('gzip file'), {});
  writeFileSync(file.path, right);
  prove(stampOf(statSync(file.path)));
  const { digest, error } = await reading;
  const now = await read({ ...file, stamp: stampOf(statSync(file.path)) }, {});
  // The file was open already, where it had to be looked at for its key, and is not what was opened.
  const expected = name.includes('PGP') ? /it has been changed while it was read/ : /^undefined$/;
  expect(error instanceof Error ? error.message : String(error)).toMatch(expected);
  expect(name.includes('PGP') || digest === now.digest).toBe(true);
});

test('what turns out not to be the right file is let go, and the next one is read', async () => {
  const { thread, ends } = watched(newThread());
  const wrong = read(stored('gzip file'), { thread, proven: Promise.reject(new Error('a wrong hash')) });
  const right = read(stored('OpenPGP file'), { thread });
  expect(await wrong).toMatchObject({ length: 0, error: { message: 'a wrong hash' } });
  expect(await right).toMatchObject({ length: CONTENT.length, error: undefined });
  expect(ends).toEqual([undefined, true]);
});

test('a file that is read to its middle does not hold up the next one', async () => {
  const thread = newThread();
  const { path, codec, stamp } = stored('gzip file');
  for await (const block of codec.open(path, { name: 'f', signal: never, reuses: true, proven: stamp, thread })) {
    expect(block.length).toBeGreaterThan(0);
    break;
  }
  expect(await read(stored('OpenPGP file'), { thread })).toMatchObject({ length: CONTENT.length, error: undefined });
});

test.each(['gzip file', 'compressed OpenPGP file'])('a %s is read to its end when the thread dies', async (name) => {
  const started: Worker[] = [];
  const unref = vi.spyOn(Worker.prototype, 'unref').mockImplementation(function (this: Worker) {
    if (!started.includes(this)) started.push(this);
  });
  const thread = newThread();
  const file = stored(name);
  const outcome = await read(file, {
    thread,
    onBlock(n) {
      if (n === 2) for (const worker of started) void worker.terminate();
    },
  });
  unref.mockRestore();
  expect(started).toHaveLength(1);
  expect(outcome).toEqual(await read(file, {}));
  expect(outcome.length).toBe(CONTENT.length);
  // No other one is started in its place.
  expect(thread.begin({ path: file.path, stamp: file.stamp })).toBeUndefined();
});

test('what the thread has used goes back at once: memory does not grow with the data', async () => {
  const path = join(tempDir(), 'large.gpg');
  const packets = deflateRawSync(literalPacket(randomBytes(LARGE_BYTES)), { level: 1 });
  writeFileSync(path, symmetricMessage('golden', Buffer.concat([Buffer.from([0xa3, 1]), packets]), true));
  const large = { path, codec: codecOf('.gpg'), stamp: stampOf(statSync(path)) };
  const { thread, ends } = watched(newThread());
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { rss: before } = process.memoryUsage();
  let most = 0;
  const onBlock = (): void => void (most = Math.max(most, process.memoryUsage.rss()));
  await read(large, { thread, onBlock });
  expect(ends).toEqual([true]);
  expect(most - before).toBeLessThan(LARGE_BYTES / 2);
});
