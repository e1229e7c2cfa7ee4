import { join } from 'node:path';
import type { Entry, EntryStream } from '../../archive/entry.ts';
import { type Meeting, mergeStreams } from '../../archive/merge.ts';
import type { Manifest, Position, VolumeRecord } from '../../archive/manifest/manifest.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { DuplicityError, IntegrityError } from '../../errors/errors.ts';
import { ManifestFile } from '../../pipeline/pack/manifest-file.ts';
import { SigtarFile } from '../../pipeline/pack/sigtar-file.ts';
import { drain, stateAfter } from '../../pipeline/unpack/rebuild.ts';
import { type Scratch, scratchPool } from '../../pipeline/unpack/scratch.ts';
import { planSet, type SetPlan } from '../../pipeline/unpack/set-plan.ts';
import { openSets } from '../../pipeline/unpack/set-reader.ts';
import type { Repository } from '../../repository/repository.ts';
import { blockLength } from '../../rsync/block-length.ts';
import { SignatureBuilder } from '../../rsync/signature.ts';
import { type BytePath, ROOT, shown } from '../../util/bytepath.ts';
import { othersTurn } from '../../util/others-turn.ts';
import { fitsSignature } from '../check/deep/check-signature.ts';
import { hashRemote } from '../check/prove/read-remote.ts';
import { CannotMend } from './encode.ts';

const MAX_BLOCK = 2048;
const BLOCK = 256 * 1024;
const STRIDE = 256;

/** A set of which the manifest is known, or not. */
export interface KnownSet {
  readonly set: BackupSet;
  readonly manifest: Manifest | undefined;
}

interface RemakeOptions {
  /** The sets that it builds on, the full backup first, and itself. */
  readonly way: readonly KnownSet[];
  /** A private directory in the archive dir. */
  readonly workDir: string;
  /** Of it, where they are right: volumes that are missing at its end show in them. */
  readonly signatures: EntryStream | undefined;
  /** What is written into a manifest beside what the volumes tell. */
  readonly like: Pick<Manifest, 'hostname' | 'localDir'> | undefined;
}

export interface RemadeMetadata {
  /** Not encoded. */
  readonly signatures: string;
  readonly manifest: string;
}

/** Makes signatures and manifest of a set by reading its volumes, and those of the sets that it builds on. */
export async function remakeMetadata(repository: Repository, options: RemakeOptions): Promise<RemadeMetadata> {
  try {
    return await remade(repository, options);
  } catch (error) {
    if (!(error instanceof DuplicityError)) throw error;
    throw new CannotMend(`the volumes that tell it cannot be read: ${error.message.replace(/\.$/, '')}`);
  } finally {
    // What is wrong with them has been said.
    await options.signatures?.close().catch(() => undefined);
  }
}

async function remade(
  repository: Repository,
  { way, workDir, signatures: signed, like }: RemakeOptions,
): Promise<RemadeMetadata> {
  const { archiveDir, prefixes, spool, keys, remote, tries, call, emit } = repository;
  const own = way.length - 1;
  const seen = new Map<string, { first: Place; last: Place }>();
  const numbers = new Map<string, number>();
  const plans: SetPlan[] = [];
  for (const [i, { set, manifest }] of way.entries()) {
    const known = manifest ?? (await recordsOf(repository, set));
    if (i < own && manifest === undefined) throw new CannotMend('the manifest of a set that it builds on is not known');
    plans.push(planSet(set, known, ROOT, { prefixes, ignoreErrors: false }));
    if (i === own) for (const [number, names] of set.volumes) for (const name of names) numbers.set(name, number);
  }
  const codecOf = await keys.reader(plans.flatMap(({ set }) => [...set.volumes.values()].flat()));
  const order: string[] = [];
  const opened = openSets(plans, {
    remote,
    spool,
    codecOf,
    prefixes,
    signer: undefined,
    tries,
    ignoreErrors: false,
    emit: (event) => {
      // That the manifest tells no hash of them is what is being mended.
      if (event.kind !== 'warning') emit(event);
    },
    signal: call.signal,
    onWarning: (warning) => {
      throw warning.kind === 'unreadable'
        ? warning.error
        : new IntegrityError('DAMAGED', `${warning.file}: ${shown(warning.path)} does not stand in order.`);
    },
    onSkipped: () => undefined,
    onMember(file, path, piece) {
      if (!numbers.has(file)) return;
      const before = order.at(-1);
      const last = before === undefined ? undefined : seen.get(before)?.last;
      if (last !== undefined && last.path !== path) last.isLast = true;
      const place = { path, piece, isLast: false };
      const known = seen.get(file);
      if (known === undefined) {
        seen.set(file, { first: place, last: place });
        order.push(file);
      } else known.last = place;
    },
    onVolume: () => undefined,
  });
  const sigtar = new SigtarFile(join(workDir, 'sigtar'), archiveDir.path);
  const list = new ManifestFile({
    archiveDir: archiveDir.path,
    path: join(workDir, 'manifest'),
    listPath: join(workDir, 'filelist'),
    hostname: like?.hostname,
    localDir: like?.localDir,
  });
  const merged = mergeStreams(signed === undefined ? opened.streams : [...opened.streams, signed]);
  const makeScratch = scratchPool(spool);
  try {
    for (let step = 1; ; step++) {
      const next = merged.next();
      const meeting = next instanceof Promise ? await next : next;
      if (meeting === undefined) break;
      if (step % STRIDE === 0) await othersTurn(call.signal);
      await take(meeting);
    }
    const end = seen.get(order.at(-1) ?? '')?.last;
    if (end !== undefined) end.isLast = true;
    const { set, manifest } = way[own] ?? { set: undefined, manifest: undefined };
    for (const record of manifest?.volumes ?? recordsSeen(set)) list.addVolume(record);
    list.finish();
    sigtar.finish();
    return { signatures: sigtar.path, manifest: list.path };
  } finally {
    list.close();
    sigtar.close();
    await merged.close().catch(() => undefined);
    await opened.close();
  }

  async function take({ path, holders }: Meeting): Promise<void> {
    const isSigned = holders.includes(own + 1);
    if (!holders.includes(own)) {
      if (isSigned)
        await expectUnchanged(
          path,
          holders.filter((index) => index < own),
        );
      return;
    }
    const entry = merged.entryOf(own);
    if (signed !== undefined && !isSigned) {
      throw new IntegrityError('DAMAGED', `${shown(path)} is in a volume, and not in the signatures.`);
    }
    const before = holders.filter((index) => index < own).at(-1);
    const was = before === undefined ? undefined : merged.entryOf(before);
    if (entry.kind === 'deleted') {
      if (was?.kind !== 'deleted' && was?.meta.type === 'reg') list.addFile('deleted', path);
      sigtar.add(entry, []);
      return;
    }
    if (entry.meta.type !== 'reg') {
      sigtar.add(entry, []);
      return;
    }
    list.addFile(entry.kind === 'diff' ? 'changed' : 'new', path);
    const content = await contentAt(
      path,
      holders.filter((index) => index <= own),
    );
    try {
      if (isSigned && !(await fitsSignature(content, () => merged.read(own + 1)))) {
        throw new IntegrityError('DAMAGED', `${shown(path)} has another signature than its content.`);
      }
      sign(entry, content);
    } finally {
      content.dispose();
    }
  }

  async function contentAt(path: BytePath, holders: readonly number[]): Promise<Scratch> {
    const first = holders.findLastIndex((index) => merged.entryOf(index).kind !== 'diff');
    const base = holders[first];
    const from = base === undefined ? undefined : opened.streams[base];
    if (base === undefined || from === undefined || merged.entryOf(base).kind !== 'snapshot') {
      throw new IntegrityError('DAMAGED', `${shown(path)} is a delta, and there is no content that it belongs to.`);
    }
    const deltas = holders.slice(first + 1).flatMap((index) => opened.streams[index] ?? []);
    if (deltas.length > 0) return stateAfter(from, deltas, { makeScratch, name: shown(path) });
    const content = makeScratch();
    try {
      await drain(from, (block) => content.append(block));
      return content;
    } catch (error) {
      content.dispose();
      throw error;
    }
  }

  function sign({ path, meta }: Entry, content: Scratch): void {
    const builder = new SignatureBuilder(blockLength(content.size, MAX_BLOCK));
    const buffer = Buffer.allocUnsafeSlow(Math.min(BLOCK, Math.max(1, content.size)));
    let at = 0;
    for (let read = content.read(buffer, 0); read > 0; read = content.read(buffer, at)) {
      at += read;
      builder.update(buffer.subarray(0, read));
      sigtar.hold(builder.takeSignature());
    }
    sigtar.add({ kind: 'signature', path, meta }, builder.finish());
  }

  /** A file that was read for nothing is signed anew, and in no volume. */
  async function expectUnchanged(path: BytePath, holders: readonly number[]): Promise<void> {
    const entry = merged.entryOf(own + 1);
    const missing = new IntegrityError('DAMAGED', `${shown(path)} is in the signatures, and in no volume.`);
    if (entry.kind !== 'signature' || holders.length === 0) throw missing;
    const content = await contentAt(path, holders);
    try {
      if (!(await fitsSignature(content, () => merged.read(own + 1)))) throw missing;
      sign(entry, content);
    } finally {
      content.dispose();
    }
  }

  /** What the volumes have turned out to hold. */
  function recordsSeen(set: BackupSet | undefined): readonly VolumeRecord[] {
    return [...(plans[own]?.records ?? [])].map((record): VolumeRecord => {
      const [name = ''] = set?.volumes.get(record.number) ?? [];
      const found = seen.get(name);
      if (found === undefined) return record;
      return { ...record, start: position(found.first), end: position(found.last) };
    });
  }
}

interface Place {
  readonly path: BytePath;
  readonly piece: number;
  /** No piece of the file follows. */
  isLast: boolean;
}

/** The last piece of a file has no number. */
function position({ path, piece, isLast }: Place): Position {
  return piece === 0 || isLast ? { path } : { path, block: piece };
}

/** By the names and bytes of its volumes, without their ends. */
async function recordsOf(repository: Repository, { volumes }: BackupSet): Promise<Manifest> {
  const records: VolumeRecord[] = [];
  for (let number = 1; number <= Math.max(0, ...volumes.keys()); number++) {
    const [name, ...others] = volumes.get(number) ?? [];
    if (name === undefined || others.length > 0) throw new CannotMend(`volume ${number} is not there, or twice`);
    const { SHA1 } = await hashRemote(repository, name, 'SHA1');
    records.push({ number, start: { path: ROOT }, end: { path: ROOT }, hashes: new Map([['SHA1', SHA1]]) });
  }
  if (records.length === 0) throw new CannotMend('there are no volumes that tell it');
  return { volumes: records, records: records.length };
}
