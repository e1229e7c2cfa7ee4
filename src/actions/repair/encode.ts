import { readFileSync } from 'node:fs';
import type { BackupSet } from '../../collections/sets.ts';
import type { Codec } from '../../crypto/codec.ts';
import { fileBlocks } from '../../crypto/read-file.ts';
import { areAlike, readLocks } from '../../crypto/openpgp/reading/locks.ts';
import { readHead } from '../../repository/read-head.ts';
import type { Repository } from '../../repository/repository.ts';

/** Enough for a dozen recipients with long keys. */
const HEAD_BYTES = 8192;

/** Why a file is not made again. */
export class CannotMend extends Error {}

/** The codec that a file of a set is written with: as its name asks, and for whom the others of the set are. */
export async function codecFor(repository: Repository, set: BackupSet, name: string): Promise<Codec> {
  const { keys, spool, call } = repository;
  if (!/\.(?:gpg|g)$/.test(name)) return keys.local(name);
  const { volume } = await keys.writers();
  if (volume.suffix !== '.gpg') {
    throw new CannotMend('the set is encrypted, and this run is not to encrypt: give the options of its backups');
  }
  const other = [...[...set.volumes.values()].flat(), ...set.manifests].find((one) => one !== name);
  if (other === undefined) return volume;
  const path = spool.newPath('locks');
  const file = await volume.create(path, call.signal);
  await file.finish();
  const today = readLocks(readFileSync(path));
  const before = readLocks(await readHead(repository, other, HEAD_BYTES));
  if (today !== undefined && before !== undefined && !areAlike(today, before)) {
    throw new CannotMend('the set is encrypted to other keys: give the options of its backups');
  }
  return volume;
}

/** Encodes a local file into the spool. */
export function encodeFile(repository: Repository, from: string, codec: Codec): Promise<string> {
  return encodeBlocks(repository, fileBlocks(from, { signal: repository.call.signal }), codec);
}

/** The same for bytes. */
export async function encodeBlocks(
  { spool, call }: Repository,
  blocks: AsyncIterable<Buffer>,
  codec: Codec,
): Promise<string> {
  const path = spool.newPath('encoded');
  const output = await codec.create(path, call.signal);
  try {
    for await (const block of blocks) {
      const wait = output.write(Buffer.from(block));
      if (wait instanceof Promise) await wait;
    }
  } catch (error) {
    await output.abort();
    throw error;
  }
  await output.finish();
  return path;
}
