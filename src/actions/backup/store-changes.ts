import type { BackupStatistics } from '../../events/statistics.ts';
import type { Change } from '../../pipeline/compare/compare.ts';
import { Producer } from '../../pipeline/pack/producer.ts';
import type { SetWriter } from '../../pipeline/pack/set-writer.ts';
import { openSignatures } from '../../repository/metadata/open-signatures.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Source } from '../../repository/source/source-tree.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import { othersTurn } from '../../util/others-turn.ts';
import { keptSink, openComparison } from './open-comparison.ts';
import type { BackupOptions } from './options.ts';
import type { VolumeCopies } from './reuse/copies.ts';
import { openReuse } from './reuse/open-reuse.ts';
import type { PlannedReuse } from './reuse/plan-reuse.ts';
import type { SetPlan } from './plan-set.ts';

/** Entries after which others get their turn, signals above all: some tens of milliseconds. */
const STRIDE = 1024;
/** The same while volumes are on their way: an upload does no more than a few blocks in a turn. */
const BUSY_STRIDE = 64;

interface Packing {
  readonly source: Source;
  readonly plan: Pick<SetPlan, 'base' | 'resumption'>;
  readonly writer: SetWriter;
  readonly statistics: BackupStatistics;
  /** The source's, perhaps counting. */
  readonly open: Source['open'];
  /** What is taken over of another full backup. */
  readonly reuse: { readonly reuse: PlannedReuse; readonly copies: VolumeCopies } | undefined;
  /** Volumes end at directories where little is missing, so that a change spoils few of them for the next full backup. */
  readonly endsAtDirectories: boolean;
}

/** Puts all that is new in the source into volumes. Answers how many entries there were before. */
export async function storeChanges(
  repository: Repository,
  options: BackupOptions,
  { source, plan: { base, resumption }, writer, statistics, open, reuse, endsAtDirectories }: Packing,
): Promise<number> {
  const { emit, call } = repository;
  const pause = (): Promise<void> => othersTurn(call.signal);
  const comparison = openComparison(repository, source, {
    base: base && openSignatures(repository, base.signatures),
    resumption,
    sink: keptSink(writer, statistics),
    numericOwner: options.numericOwner,
  });
  const { state } = comparison;
  const producer = new Producer({
    volumes: writer.volumes,
    signatures: writer.signatures,
    state,
    maxBlockSize: options.maxBlockSize,
    open,
    statistics,
    pause,
    emit,
    announcesFiles: options.announcesFiles,
    onFile: (change, path) => writer.manifest.addFile(change, path),
    onLongFile: (file) => (writer.inProgress = file),
    begun: resumption?.point.split,
  });
  const taking =
    reuse && openReuse(repository, options, { ...comparison, ...reuse, writer, producer, statistics, pause });
  const { changes } = taking ?? comparison;
  let before = 0;
  try {
    for (let step = 1; ; step++) {
      let change = changes.next();
      if (change instanceof Promise) change = await change;
      if (change === undefined) return before;
      if (step % (writer.isUploading ? BUSY_STRIDE : STRIDE) === 0) await pause();
      if (change.previous !== undefined) before++;
      if (change.kind === 'unreadable') continue;
      if (change.kind === 'unchanged') {
        statistics.sourceFiles++;
        statistics.sourceFileSize += change.source.meta.size;
      } else {
        if (endsAtDirectories && isBorder(change)) writer.volumes.border();
        const stored = producer.store(change);
        if (stored instanceof Promise) await stored;
      }
    }
  } finally {
    await taking?.close();
    await state?.close();
  }
}

/** A directory of the root, or of one in that. */
function isBorder(change: Change<SourceEntry>): boolean {
  if (change.kind !== 'snapshot' || change.source.meta.type !== 'dir') return false;
  const { path } = change.source;
  const slash = path.indexOf('/');
  return slash < 0 || path.indexOf('/', slash + 1) < 0;
}
