import { rmSync } from 'node:fs';
import type { VolumeRecord } from '../../archive/manifest/manifest.ts';
import { BEFORE, type NewHash } from '../../archive/manifest/rehashed.ts';
import { readManifest } from '../../archive/manifest/manifest-reader.ts';
import { setKey } from '../../collections/listing.ts';
import type { Pass, Relocker } from '../../crypto/openpgp/rekey/relock.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { fetchVolume } from '../../pipeline/unpack/fetch-volume.ts';
import { fetchDecoded } from '../../repository/metadata/fetch-decoded.ts';
import { readHead } from '../../repository/read-head.ts';
import type { Repository } from '../../repository/repository.ts';
import { asctime } from '../../util/time.ts';
import type { MirrorProgress } from '../mirror/progress.ts';
import { ManifestRewriter } from './rewrite-manifest.ts';
import { type SetFiles, wholeOf } from './set-files.ts';
import { isStaged, replaceFile } from './staged.ts';
import { writeRelocked } from './write-relocked.ts';

/** Enough for dozens of recipients. */
const HEAD_BYTES = 16 * 1024;
/** Volumes that one new manifest announces: while they are sent only this program can tell old ones from new ones. */
const USUAL_GROUP_BYTES = 64 * 1024 * 1024;

export interface Rekeying {
  readonly repository: Repository;
  readonly relocker: Relocker;
  readonly pass: Pass;
  readonly progress: Pick<MirrorProgress, 'begin' | 'end'>;
  readonly groupBytes: number | undefined;
}

export interface Sent {
  files: number;
  bytes: number;
}

interface Waiting {
  readonly name: string;
  readonly path: string;
  readonly size: number;
}

/**
 * Gives the files of a set other locks, volumes first, the manifest last: its own locks tell whether the set is done. Before a
 * few volumes are replaced, a manifest says of each both hashes; so whatever ends the run leaves a set whose volumes are all right.
 */
export async function rekeySet(rekeying: Rekeying, files: SetFiles): Promise<Sent> {
  const { repository, progress, groupBytes = USUAL_GROUP_BYTES } = rekeying;
  const { remote, prefixes, tries, call, backend } = repository;
  const sent: Sent = { files: 0, bytes: 0 };
  const source = await wholeOf(repository, files.manifest, files.staged);
  const { volumes } = await readManifest(fetchDecoded(repository, source, { signal: call.signal }), { name: source });
  const hashes = new Map(volumes.flatMap((record) => stated(record)));
  const rewriter = await ManifestRewriter.open(rekeying, files, source);
  let group: (Waiting & { readonly number: number })[] = [];
  let bytes = 0;

  async function send({ name, path, size }: Waiting): Promise<void> {
    try {
      progress.begin(name, size);
      repository.emit({ kind: 'uploading', name, background: false });
      await replaceFile(repository, name, path);
      progress.end(name);
      repository.emit({ kind: 'uploaded', name, background: false });
      sent.files++;
      sent.bytes += size;
    } finally {
      rmSync(path, { force: true });
    }
  }

  async function sendGroup(): Promise<void> {
    if (group.length === 0) return;
    await rewriter.announce(hashes);
    for (const one of group) {
      await send(one);
      const hash = hashes.get(one.number);
      if (hash !== undefined) hashes.set(one.number, { ...hash, before: undefined });
    }
    [group, bytes] = [[], 0];
  }

  for (const record of volumes) {
    call.signal.throwIfAborted();
    const name = files.volumes.get(record.number);
    const known = hashes.get(record.number);
    const isAnnounced = known?.before !== undefined;
    if (name !== undefined && !isAnnounced && (await isDone(rekeying, name))) continue;
    const fetched = await fetchVolume(files.set, record, { remote, prefixes, tries, signal: call.signal });
    let waiting: Waiting;
    try {
      if (isAnnounced && fetched.name === name && (await isDone(rekeying, name))) {
        hashes.set(record.number, { ...known, hash: fetched.file.hash('SHA1'), before: undefined });
        continue;
      }
      const made = await relocked(rekeying, fetched.name, fetched.file.path, known?.algorithm ?? 'SHA1');
      waiting = { name: name ?? fetched.name, path: made.path, size: made.size };
      if (known !== undefined) {
        // Of several attempts it is the file that lies there which stays right until it is replaced.
        hashes.set(record.number, { algorithm: known.algorithm, hash: made.hash, before: made.old });
      }
    } finally {
      fetched.file.release();
    }
    group.push({ ...waiting, number: record.number });
    bytes += waiting.size;
    if (bytes >= groupBytes) await sendGroup();
  }
  await sendGroup();
  for (const name of files.others) {
    const from = await wholeOf(repository, name, files.staged);
    if (!isStaged(from) && (await isDone(rekeying, name))) continue;
    const file = await remote.fetch(from, call.signal);
    try {
      await send({ name, ...(await relocked(rekeying, from, file.path, 'SHA1')) });
    } finally {
      file.release();
    }
  }
  await send({ name: files.manifest, ...(await rewriter.finish(hashes)) });
  for (const name of files.staged) await backend.delete(name, call);
  repository.emit({
    kind: 'info',
    text: `The set of ${asctime(files.set.end)} (${setKey(files.set)}) has its new locks.`,
  });
  return sent;
}

/** By the first bytes alone. */
export async function isDone(
  { repository, relocker, pass }: Omit<Rekeying, 'progress' | 'groupBytes'>,
  name: string,
): Promise<boolean> {
  return relocker.isDone(await readHead(repository, name, HEAD_BYTES), name, pass);
}

async function relocked(
  { repository: { spool, call }, relocker, pass }: Rekeying,
  name: string,
  path: string,
  algorithm: string,
): Promise<{ readonly path: string; readonly size: number; readonly old: string; readonly hash: string }> {
  const { keyPackets, dataAt } = await relocker.relock(path, { name, pass, signal: call.signal });
  const target = spool.newPath('rekeyed');
  try {
    return { path: target, ...writeRelocked(path, target, { head: keyPackets, dataAt, algorithm }) };
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }
}

/** What a manifest says of a volume: nothing of those without a hash, which stay so. */
function stated({ number, hashes }: VolumeRecord): readonly (readonly [number, NewHash])[] {
  const algorithm = ['SHA1', 'MD5'].find((name) => hashes.has(name));
  if (algorithm === undefined) return [];
  const hash = hashes.get(algorithm)?.toLowerCase() ?? '';
  if (!/^[0-9a-f]+$/.test(hash)) throw new IntegrityError('DAMAGED', `The hash of volume ${number} is none: ${hash}.`);
  return [[number, { algorithm, hash, before: hashes.get(BEFORE)?.toLowerCase() }]];
}
