import type { Entry } from '../../../archive/entry.ts';
import type { Change } from '../../../pipeline/compare/compare.ts';
import type { Producer } from '../../../pipeline/pack/producer.ts';
import type { SetWriter } from '../../../pipeline/pack/set-writer.ts';
import { ReusingChanges } from '../../../pipeline/reuse/reusing-changes.ts';
import type { BackupStatistics } from '../../../events/statistics.ts';
import { openSetSignatures } from '../../../repository/metadata/open-signatures.ts';
import type { Repository } from '../../../repository/repository.ts';
import type { SourceEntry } from '../../../source/source-entry.ts';
import type { BytePath } from '../../../util/bytepath.ts';
import type { Soon } from '../../../util/soon.ts';
import type { BackupOptions } from '../options.ts';
import type { VolumeCopies } from './copies.ts';
import type { PlannedReuse } from './plan-reuse.ts';

interface Taking {
  readonly reuse: PlannedReuse;
  readonly copies: VolumeCopies;
  readonly changes: { next(): Soon<Change<SourceEntry> | undefined> };
  readonly directories: () => readonly BytePath[];
  readonly writer: SetWriter;
  readonly producer: Producer;
  readonly statistics: BackupStatistics;
  readonly pause: () => Promise<void>;
}

/** What is to be stored beside the volumes that are taken over, which it takes over on the way. */
export function openReuse(
  repository: Repository,
  { volumeSize, announcesFiles }: Pick<BackupOptions, 'volumeSize' | 'announcesFiles'>,
  { reuse, copies, changes, directories, writer, producer, statistics, pause }: Taking,
): { readonly changes: Taking['changes']; readonly close: () => Promise<void> } {
  const [full] = reuse.base.signatures;
  const base = openSetSignatures(repository, full);
  const add = (entry: Entry, source: SourceEntry | undefined): void => {
    writer.signatures.add(entry, []);
    const size = source?.meta.size ?? 0;
    statistics.sourceFiles++;
    statistics.sourceFileSize += size;
    statistics.newFiles++;
    statistics.newFileSize += size;
    statistics.deltaEntries++;
    if (announcesFiles) repository.emit({ kind: 'fileNew', path: entry.path });
    if (entry.kind !== 'signature') return;
    statistics.rawDeltaSize += size;
    writer.manifest.addFile('new', entry.path);
  };
  const reusing = new ReusingChanges({
    changes,
    base,
    plan: reuse.plan,
    volumeSize,
    begun: () => writer.volumes.begun,
    canCopy: copies.canCopy,
    directories,
    hold: (block) => writer.signatures.hold([block]),
    add,
    storePart: (source, part) => producer.storePart(source, part, reuse.split.get(part.path)),
    takeOver: (volume) => writer.takeOver(volume),
    pause,
  });
  return { changes: reusing, close: () => base.close() };
}
