import type { Collection } from '../../collections/collection.ts';
import { LocalError } from '../../errors/errors.ts';
import type { BackupStatistics } from '../../events/statistics.ts';
import { unreadableRoot } from '../../source/root.ts';
import { type BytePath, toScreen } from '../../util/bytepath.ts';
import { asctime } from '../../util/time.ts';
import { counted } from '../../util/counted.ts';
import type { Repository } from '../../repository/repository.ts';
import type { BackupOptions } from './options.ts';
import type { Source } from '../../repository/source/source-tree.ts';
import { wholeLines } from './base/whole-lines.ts';

// Lines of volumes and of the list itself begin with blanks.
const LIST_LENGTH = /^filelist[ \t]+(\d+)[ \t\r]*$/im;
/** Fewer than one of so many left is seldom what has become of the data. */
const SHRINKAGE = 10;

/**
 * Adds what the walk of the source has counted. Throws when there was something, and nothing of it but the root could be
 * read: that is no backup of the source.
 */
export function finishWalk(
  { emit }: Repository,
  { source: { path: root }, selection }: Pick<BackupOptions, 'source' | 'selection'>,
  { source, statistics }: { readonly source: Source; readonly statistics: BackupStatistics },
): void {
  statistics.errors += source.errors();
  if (statistics.errors > 0 && statistics.sourceFiles <= 1) {
    if (selection.some(({ kind }) => kind === 'files-from')) throw noneListed(root);
    throw unreadableRoot(root, 'the warnings above tell why nothing of it could be');
  }
  const { texts, errors } = source.remarks();
  statistics.errors += errors;
  const includes = selection.some((rule) => 'sense' in rule && rule.sense === 'include');
  const isEmpty = statistics.sourceFiles <= 1 && includes && texts.length === 0;
  const more = isEmpty ? ['The selection options include nothing that is there.'] : [];
  for (const text of [...texts, ...more]) emit({ kind: 'warning', text });
}

function noneListed(root: BytePath): LocalError {
  const text = `Nothing that the list of files names could be read in the source ${toScreen(root)}: see the warnings above.`;
  return new LocalError('BACKUP_DIR_MISSING', text, {
    hint: 'A list for --files-from holds names relative to the source directory, not beginning with it.',
  });
}

/** A full backup that holds few of the last one's files may be that of a disk that is not mounted. */
export function warnOfFewFiles({ archiveDir, emit, now }: Repository, { chains }: Collection, files: number): void {
  const last = chains.findLast(({ full }) => full.end <= now)?.full;
  if (last?.localManifest === undefined) return;
  const before = listedFiles(archiveDir.pathOf(last.localManifest));
  if (before === undefined || files * SHRINKAGE >= before) return;
  const text = `This full backup holds ${counted(files, 'file')}, the one of ${asctime(last.end)} held ${before}. Is all of the source there?`;
  emit({ kind: 'warning', text });
}

/** The same of an increment, which knows what there was. */
export function warnOfFewEntries({ emit }: Repository, before: number, now: number): void {
  if (now * SHRINKAGE >= before) return;
  const text = `The source holds ${counted(now, 'entry', 'entries')}, in the last backup it held ${before}. Is all of it there?`;
  emit({ kind: 'warning', text });
}

/** Files that a full backup's manifest lists: its one line with their number, before them; undefined without a list. */
function listedFiles(manifest: string): number | undefined {
  for (const lines of wholeLines(manifest)) {
    const number = LIST_LENGTH.exec(lines)?.[1];
    // `Filelist 0` is also what stands there when no list was wanted.
    if (number !== undefined) return Number(number) || undefined;
  }
  return undefined;
}
