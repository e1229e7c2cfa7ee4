import type { ActiveChain, Collection } from '../../collections/collection.ts';
import type { FullReason } from '../../collections/full-due.ts';
import type { Writers } from '../../repository/keys.ts';
import { emitWarnings } from '../../repository/load-collection.ts';
import type { Repository } from '../../repository/repository.ts';
import { checkSource } from './base/check-source.ts';
import { chooseBase, findBackups, warnOfClearSets } from './base/choose-base.ts';
import type { BackupOptions } from './options.ts';
import type { Resumption } from './resume/plan-resume.ts';
import { findReuseBase, type ReuseBase } from './reuse/find-base.ts';
import { confirmSettings, resumeOrDiscard } from './resume/resume.ts';

/** The set that a backup writes. */
export interface SetPlan {
  /** What is there, without an unfinished set that was given up. */
  readonly collection: Collection;
  /** What an increment is based on; undefined for a full backup. */
  readonly base: ActiveChain | undefined;
  /** The rules that make it a full one. */
  readonly fullBecause: readonly FullReason[];
  /** The unfinished set that it goes on with. */
  readonly resumption: Resumption | undefined;
  readonly codecs: Writers;
  /** What a full backup may take volumes over from. */
  readonly reuse: ReuseBase | undefined;
}

/** What a try may rely on; the next one relies on less when the source changes meanwhile. */
export interface Attempt {
  /** An unfinished set may go on. */
  readonly mayResume: boolean;
  /** It may in the middle of a file. */
  readonly mayGoOnInFile: boolean;
  /** Volumes of the last full backup may be taken over. */
  readonly mayReuse: boolean;
}

/** Decides between a full backup, an increment, and going on with what an interrupted one left; checks what it builds on. */
export async function planSet(
  repository: Repository,
  options: BackupOptions,
  { mayResume, mayGoOnInFile, mayReuse }: Attempt,
): Promise<SetPlan> {
  const { found, kind } = await findBackups(repository, options);
  const wish = { ...options, kind };
  emitWarnings(repository, found);
  const { collection, resumption } = await resumeOrDiscard(repository, found, { ...options, mayResume, mayGoOnInFile });
  const chosen = resumption === undefined ? await chooseBase(repository, wish, collection) : undefined;
  let base = chosen === undefined ? resumption?.base : chosen.base;
  const codecs = await repository.keys.writers();
  if (resumption !== undefined) await confirmSettings(repository, resumption, codecs.volume);
  else if (base !== undefined && !(await checkSource(repository, base.chain, wish))) base = undefined;
  if (base !== undefined) warnOfClearSets(repository, base.chain, codecs.volume);
  const reuse =
    base === undefined && mayReuse
      ? await findReuseBase(repository, options, { collection, codec: codecs.volume, after: resumption?.point })
      : undefined;
  return { collection, base, fullBecause: chosen?.fullBecause ?? [], resumption, codecs, reuse };
}
