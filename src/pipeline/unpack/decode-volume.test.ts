import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { difftarMember } from '../../archive/difftar-writer.ts';
import type { VolumeRecord } from '../../archive/manifest/manifest.ts';
import { NO_PREFIXES } from '../../archive/names/names.ts';
import { encodeHeader, padding } from '../../archive/tar/tar-writer.ts';
import type { BackupSet } from '../../collections/sets.ts';
import type { Codec } from '../../crypto/codec.ts';
import { gzipCodec } from '../../crypto/plain/gzip.ts';
import { randomBytes } from '../../crypto/testing/files.ts';
import { threadsThatPay } from '../../crypto/threads-that-pay.ts';
import { memoryBackend } from '../../testing/memory-backend.ts';
import { bytePath, ROOT } from '../../util/bytepath.ts';
import { openRemote } from '../remote.ts';
import { openSpool } from '../spool.ts';
import { entry, metadata } from '../testing/entries.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { openSets, type SetReaderOptions } from './set-reader.ts';

/** A set in a directory that is long enough for a thread: one file in each volume, and more than a ring holds. */

const { signal } = new AbortController();
const PATHS = ['a', 'b', 'c'].map(bytePath);
const BODY = randomBytes(7_000_000);
const nameOf = (i: number): string => `duplicity-full.20231114T221320Z.vol${i + 1}.difftar.gz`;
const volumes = PATHS.map((path) => {
  const member = difftarMember(entry('snapshot', path, metadata('reg')), BODY.length);
  return gzipSync(Buffer.concat([encodeHeader(member), BODY, padding(BODY.length)]), { level: 1 });
});
const sha1 = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

interface Found {
  /** Paths of files that came whole. */
  readonly whole: string[];
  readonly error: unknown;
  /** Whether there was a thread for each volume that was opened. */
  readonly hadThread: boolean[];
  readonly skipped: number;
}

async function read(stored: readonly Buffer[], { ignoreErrors = false, upTo = 3 } = {}): Promise<Found> {
  const directory = tempDir();
  const backend = { ...memoryBackend(), localFile: (name: string): string => join(directory, name) };
  const spool = openSpool([tempDir()]);
  const remote = openRemote({ backend, spool, call: { signal }, tries: 1 });
  for (const [i, bytes] of stored.entries()) {
    writeFileSync(join(directory, nameOf(i)), bytes);
    remote.learn({ name: nameOf(i), size: bytes.length });
  }
  const records: VolumeRecord[] = PATHS.map((path, i) => ({
    number: i + 1,
    start: { path },
    end: { path },
    hashes: new Map([['SHA1', sha1(volumes[i] ?? BODY)]]),
  }));
  const set: Partial<BackupSet> = {
    volumes: new Map(PATHS.map((_, i) => [i + 1, [nameOf(i)]])),
    manifests: ['m.manifest'],
  };
  const found: Found & { error: unknown; skipped: number } = { whole: [], error: undefined, hadThread: [], skipped: 0 };
  const gzip = gzipCodec();
  const codec: Codec = {
    ...gzip,
    open(path, options) {
      found.hadThread.push(options.thread !== undefined);
      return gzip.open(path, options);
    },
  };
  const options: SetReaderOptions = {
    remote,
    spool,
    codecOf: () => codec,
    prefixes: NO_PREFIXES,
    signer: undefined,
    tries: 1,
    ignoreErrors,
    signal,
    onWarning: () => undefined,
    onSkipped: () => found.skipped++,
    onVolume: () => undefined,
    emit: () => undefined,
  };
  const sets = openSets([{ set: set as BackupSet, records, wanted: ROOT }], options);
  try {
    for (const stream of sets.streams) {
      for (let at = 0; at < upTo; at++) {
        const next = await stream.next();
        if (next === undefined) break;
        const hash = createHash('sha1');
        for (let block = await stream.read(); block !== undefined; block = await stream.read()) hash.update(block);
        if (hash.digest('hex') === sha1(BODY)) found.whole.push(next.path);
      }
      await stream.close();
    }
  } catch (error) {
    found.error = error;
  } finally {
    for (const stream of sets.streams) await stream.close();
    await sets.close();
  }
  return found;
}

test('volumes in a directory come out of a thread, one after the other', async () => {
  const { whole, error, hadThread } = await read(volumes);
  expect(error).toBeUndefined();
  expect(whole).toEqual(PATHS);
  expect(hadThread).toEqual(PATHS.map(() => threadsThatPay(1) === 1));
});

const broken = volumes.map((bytes, i) => (i === 1 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes));

test('nothing of a volume with a wrong hash comes out of a thread, and all of those before it', async () => {
  const { whole, error } = await read(broken);
  expect(whole).toEqual(['a']);
  expect(error).toMatchObject({ code: 'MISMATCHED_HASH' });
});

test('a volume with a wrong hash is left out where errors are ignored, and the next one comes', async () => {
  const { whole, error, skipped } = await read(broken, { ignoreErrors: true });
  expect(error).toBeUndefined();
  expect({ whole, skipped }).toEqual({ whole: ['a', 'c'], skipped: 1 });
});

test('who has enough after the first volume need not wait for the others', async () => {
  const { whole, error } = await read(volumes, { upTo: 1 });
  expect(error).toBeUndefined();
  expect(whole).toEqual(['a']);
});
