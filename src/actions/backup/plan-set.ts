import type { ActiveChain, Collection } from '../../collections/collection.ts';
import type { Writers } from '../../repository/keys.ts';
import { emitWarnings } from '../../repository/load-collection.ts';
import type { Repository } from '../../repository/repository.ts';
import { checkSource } from './base/check-source.ts';
import { chooseBase, findBackups, warnOfClearSets } from './base/choose-base.ts';
import type { BackupOptions } from './options.ts';
import type { Resumption } from './resume/plan-resume.ts';
import { confirmSettings, resumeOrDiscard } from './resume/resume.ts';

/** The set that a backup writes. */
export interface SetPlan {
  /** What is there, without an unfinished set that was given up. */
  readonly collection: Collection;
  /** What an increment is based on; undefined for a full backup. */
  readonly base: ActiveChain | undefined;
  /** The unfinished set that it goes on with. */
  readonly resumption: Resumption | undefined;
  readonly codecs: Writers;
}

/** Decides between a full backup, an increment, and going on with what an interrupted one left; checks what it builds on. */
export async function planSet(
  repository: Repository,
  options: BackupOptions,
  { mayGoOnInFile }: { readonly mayGoOnInFile: boolean },
): Promise<SetPlan> {
  const { found, kind } = await findBackups(repository, options);
  const wish = { ...options, kind };
  emitWarnings(repository, found);
  const { collection, resumption } = await resumeOrDiscard(repository, found, { ...options, mayGoOnInFile });
  let base = resumption === undefined ? await chooseBase(repository, wish, collection) : resumption.base;
  const codecs = await repository.keys.writers();
  if (resumption !== undefined) await confirmSettings(repository, resumption, codecs.volume);
  else if (base !== undefined && !(await checkSource(repository, base.chain, wish))) base = undefined;
  if (base !== undefined) warnOfClearSets(repository, base.chain, codecs.volume);
  return { collection, base, resumption, codecs };
}
