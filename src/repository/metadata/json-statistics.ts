import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { formatLocalName, formatName, type MetadataName } from '../../archive/names/names.ts';
import type { BackupSet } from '../../collections/sets.ts';
import type { Codec } from '../../crypto/codec.ts';
import { IntegrityError } from '../../errors/errors.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import type { Repository } from '../repository.ts';

/** Those of both programs have two. */
const DEEPEST = 20;
/** Statistics of a chain of 100,000 sets are smaller. */
const LARGEST = 16 * 1024 * 1024;

interface WrittenSet {
  readonly type: 'full' | 'inc';
  readonly start: EpochSeconds;
  readonly end: EpochSeconds;
  /** For volumes. */
  readonly codec: Codec;
}

/** Keeps the statistics of a finished set: beside its volumes, encoded like them, and in the archive dir. */
export async function storeJsonStatistics(repository: Repository, set: WrittenSet, text: string): Promise<void> {
  const { remote, spool, archiveDir, prefixes, call } = repository;
  const { type, start, end, codec } = set;
  const name: MetadataName = {
    kind: 'jsonstat',
    type,
    start,
    end,
    partial: false,
    encrypted: codec.suffix === '.gpg',
    compressed: codec.suffix === '.gz',
  };
  const path = spool.newPath('jsonstat');
  const file = await codec.create(path, call.signal);
  await file.write(Buffer.from(text));
  await file.finish();
  await remote.put(formatName(name, prefixes), path, { isSpare: true });
  await archiveDir.write(formatLocalName(name, prefixes), [gzipSync(text)]);
  await archiveDir.flush();
}

/**
 * The stored statistics of a set, from the archive dir or, when that can be read without asking for a passphrase, from the
 * remote. undefined when there are none; what cannot be read is a warning.
 */
export async function readJsonStatistics(repository: Repository, { statistics }: BackupSet): Promise<unknown> {
  const { archiveDir, keys, call, emit } = repository;
  const options = { signal: call.signal };
  const [local] = statistics.local;
  const [remote] = statistics.remote;
  try {
    if (local !== undefined) {
      return await parseStatistics(
        local,
        keys.local(local).open(join(archiveDir.path, local), { name: local, ...options }),
      );
    }
    if (remote === undefined || !keys.canRead(remote)) return undefined;
    return await parseStatistics(remote, fetchDecoded(repository, remote, options));
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    emit({ kind: 'warning', text: `Statistics cannot be read. ${error.message}` });
    return undefined;
  }
}

/** What stored statistics hold, of whatever shape. */
export async function parseStatistics(name: string, bytes: AsyncIterable<Buffer>): Promise<unknown> {
  const blocks: Buffer[] = [];
  let size = 0;
  for await (const block of bytes) {
    size += block.length;
    if (size > LARGEST) throw new IntegrityError('DAMAGED', `${name} is too long.`);
    blocks.push(block);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(blocks).toString());
  } catch (cause) {
    throw new IntegrityError('DAMAGED', `${name} is no JSON.`, { cause });
  }
  if (isDeeper(value, DEEPEST)) throw new IntegrityError('DAMAGED', `${name} holds no statistics.`);
  return value;
}

/** Whether lists and objects lie in each other more often than `depth`: what is read so is not always written again. */
function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1));
}
