import type { EntryStream } from '../../archive/entry.ts';
import type { BackupStatistics } from '../../events/statistics.ts';
import { type Change, Comparison } from '../../pipeline/compare/compare.ts';
import { type Passed, ResumedComparison } from '../../pipeline/compare/resumed-comparison.ts';
import { type KeptSink, ResumedState } from '../../pipeline/compare/resumed-state.ts';
import type { SetWriter } from '../../pipeline/pack/set-writer.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import type { ResumePoint } from '../../pipeline/pack/resume-point.ts';
import { type BytePath, isWithin, parentOf, ROOT, toScreen } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import { archivedOwner } from '../../repository/source/archived-owner.ts';
import type { Resumption } from './resume/plan-resume.ts';
import { openUnfinishedSignatures } from '../../repository/metadata/read-partial.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Source } from '../../repository/source/source-tree.ts';

interface ComparisonOptions {
  /** Owners are compared by number, not by name. */
  readonly numericOwner: boolean;
  readonly base: EntryStream | undefined;
  readonly resumption: Resumption | undefined;
  /** Takes what the kept volumes hold; a dry run needs it not. */
  readonly sink?: KeptSink;
}

/** What a backup has to store, and the state that the bodies of previous entries are read from. */
interface OpenComparison {
  readonly changes: { next(): Soon<Change<SourceEntry> | undefined> };
  readonly state: EntryStream | undefined;
  /** Directories that the set holds already and that what comes may lie in; known when the first of it has come. */
  readonly directories: () => readonly BytePath[];
}

export function openComparison(
  repository: Repository,
  source: Source,
  { base, resumption, sink, numericOwner }: ComparisonOptions,
): OpenComparison {
  const options = {
    ownerOf: (meta: Parameters<typeof archivedOwner>[1]) =>
      archivedOwner({ accounts: repository.accounts, numericOwner }, meta),
    isUnreadable: source.isUnreadable,
  };
  if (resumption === undefined) {
    return { changes: new Comparison(source.walk(), base, options), state: base, directories: () => [] };
  }
  const { point, signatures } = resumption;
  const state = new ResumedState({ base, kept: openUnfinishedSignatures(repository, signatures), point, sink });
  const changes = new ResumedComparison(new Comparison(source.walk(), state, options), {
    point,
    state,
    onPassed: (passed) => report(repository, resumption, passed),
  });
  return { changes, state, directories: () => directoriesAt(point, state.closedTop) };
}

/** The way to where a set goes on, as far as it leads through directories. */
function directoriesAt({ path, split }: ResumePoint, closedTop: BytePath | undefined): readonly BytePath[] {
  const way: BytePath[] = [];
  for (let at = split === undefined ? path : parentOf(path); ; at = parentOf(at)) {
    if (closedTop === undefined || !isWithin(at, closedTop)) way.unshift(at);
    if (at === ROOT) return way;
  }
}

function report({ emit }: Repository, { point }: Resumption, { changed, isGone, next, last }: Passed): void {
  if (isGone) {
    const what = next === undefined ? 'missing' : 'complete';
    const text = `File ${toScreen(point.path)} ${what} in backup set.\nContinuing restart on file ${toScreen(next ?? last ?? '.')}.`;
    emit({ kind: 'warning', code: 'restartPosition', text });
  }
  if (changed === 0) return;
  const paths = changed === 1 ? 'path has' : 'paths have';
  const text =
    `${changed} ${paths} changed in the part that was stored before the interruption. This set keeps what it has of it; ` +
    'the next backup takes the change.';
  emit({ kind: 'notice', text });
}

/** The kept volumes' part of the signatures, of the list of changed files and of what is counted. */
export function keptSink({ signatures, manifest }: SetWriter, statistics: BackupStatistics): KeptSink {
  return {
    hold: (block) => signatures.hold([block]),
    add(entry, previous, isSame) {
      signatures.add(entry, []);
      if (isSame) return;
      const wasFile = previous?.kind === 'signature';
      statistics.deltaEntries++;
      if (entry.kind === 'deleted') statistics.deletedFiles++;
      else if (entry.kind === 'signature' && wasFile) statistics.changedFiles++;
      else statistics.newFiles++;
      if (entry.kind === 'signature') manifest.addFile(wasFile ? 'changed' : 'new', entry.path);
      else if (wasFile) manifest.addFile('deleted', entry.path);
    },
  };
}
