import { openSync, closeSync, writeSync } from 'node:fs';
import { lstatSync } from 'node:fs';
import type { Entry, EntryStream } from '../../archive/entry.ts';
import { HEADER_BYTES } from '../../rsync/signature.ts';
import { signedSize } from '../../rsync/signed-size.ts';
import type { Spool } from '../../pipeline/spool.ts';
import type { Source } from '../../repository/source/source-tree.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import { type BytePath, comparePaths, joinPath, toFs } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { Draw } from './choose-files.ts';
import type { DrilledListing } from './report.ts';

/** A tree that was backed up. */
export interface SourceSide {
  readonly root: BytePath;
  readonly walk: Source['walk'];
}

interface Listing {
  readonly told: DrilledListing;
  /** Some regular files. */
  readonly drawn: readonly BytePath[];
}

interface Reading {
  readonly most: number;
  readonly random: () => number;
  readonly source: SourceSide | undefined;
  /** Of the set. */
  readonly time: EpochSeconds;
  readonly differs: (path: BytePath) => void;
}

/**
 * Reads the whole listing, draws files from it, and holds it against the source. What has changed there since the backup
 * tells nothing: by its change time, which nobody sets back.
 */
export async function drillListing(
  state: EntryStream,
  { most, random, source, time, differs }: Reading,
): Promise<Listing> {
  const draw = new Draw<BytePath>(most, random);
  const counts = { entries: 0, asInSource: 0, changedSince: 0, onlyInSource: 0 };
  const present = source?.walk()[Symbol.iterator]();
  let here = present?.next();
  const isOld = (path: BytePath): boolean => source !== undefined && isUnchangedSince(source.root, path, time);
  const passSource = (entry: SourceEntry): void => {
    if (isOld(entry.path)) counts.onlyInSource++;
  };
  try {
    for (;;) {
      const next: Soon<Entry | undefined> = state.next();
      const entry = next instanceof Promise ? await next : next;
      if (entry === undefined) break;
      counts.entries++;
      const { path, meta } = entry;
      if (meta.type === 'reg') draw.offer(path);
      for (; here?.done === false && comparePaths(here.value.path, path) < 0; here = present?.next())
        passSource(here.value);
      if (source === undefined) continue;
      const other = here?.done === false && here.value.path === path ? here.value : undefined;
      if (other !== undefined) here = present?.next();
      if (other !== undefined && isAsListed(entry, other)) counts.asInSource++;
      else if (other !== undefined && isOld(path)) differs(path);
      else counts.changedSince++;
    }
  } finally {
    await state.close();
  }
  for (; here?.done === false; here = present?.next()) passSource(here.value);
  const { entries, ...compared } = counts;
  const none = { asInSource: undefined, changedSince: undefined, onlyInSource: undefined };
  return { told: { entries, ...(source === undefined ? none : compared) }, drawn: draw.drawn };
}

function isAsListed({ meta }: Entry, { meta: other }: SourceEntry): boolean {
  return meta.type === other.type && meta.mtime === other.mtime && meta.link === other.link;
}

/** Whether an object is as it was before a time, as far as its change time tells. */
export function isUnchangedSince(root: BytePath, path: BytePath, time: EpochSeconds): boolean {
  try {
    return Math.floor(lstatSync(toFs(joinPath(root, path))).ctimeMs / 1000) < time;
  } catch {
    return false;
  }
}

/** The signature of a file, laid by. */
export interface LaidSignature {
  readonly path: BytePath;
  /** Where it lies. */
  readonly file: string;
  /** Bytes that the content can have at most. */
  readonly most: number;
}

/** Lays the signatures of these paths by. */
export async function laySignatures(
  state: EntryStream,
  paths: readonly BytePath[],
  spool: Spool,
): Promise<ReadonlyMap<BytePath, LaidSignature>> {
  const wanted = new Set(paths);
  const found = new Map<BytePath, LaidSignature>();
  try {
    while (found.size < wanted.size) {
      const next: Soon<Entry | undefined> = state.next();
      const entry = next instanceof Promise ? await next : next;
      if (entry === undefined) break;
      if (wanted.has(entry.path)) found.set(entry.path, await lay(state, entry.path, spool));
    }
    return found;
  } finally {
    await state.close();
  }
}

async function lay(state: EntryStream, path: BytePath, spool: Spool): Promise<LaidSignature> {
  const file = spool.newPath('signature');
  const fd = openSync(file, 'w', 0o600);
  let head = Buffer.alloc(0);
  let length = 0;
  try {
    for (let block = await state.read(); block !== undefined; block = await state.read()) {
      if (head.length < HEADER_BYTES) head = Buffer.concat([head, block.subarray(0, HEADER_BYTES - head.length)]);
      length += block.length;
      for (let at = 0; at < block.length;) at += writeSync(fd, block, at);
    }
  } finally {
    closeSync(fd);
  }
  return { path, file, most: signedSize(head, length)?.most ?? 0 };
}
