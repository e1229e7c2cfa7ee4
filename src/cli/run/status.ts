import { changesOfSets, fileHistory } from '../../actions/status/changes.ts';
import { collectionStatus } from '../../actions/status/collection-status.ts';
import type { Repository } from '../../repository/repository.ts';
import { fileHistoryText } from '../../ui/status/changes-text.ts';
import { changesAsJson, showChangesAsTable } from '../../ui/status/show-changes.ts';
import { NO_ACTIVE_CHAIN, statusReport } from '../../ui/status/status-text.ts';
import { report } from '../../ui/results/report.ts';
import type { Settings } from '../settings.ts';

/** `collection-status`, with `--show-changes-in-set` and `--file-changed` also what is in the sets. */
export async function runStatus(repository: Repository, settings: Settings): Promise<number> {
  const { emit, backendName, archiveDir } = repository;
  const { fileChanged, showChangesInSet: index } = settings;
  let isKnown = true;
  if (index !== undefined) {
    isKnown = await showChanges(repository, { index, asJson: settings.jsonstat });
  } else if (fileChanged !== undefined) {
    const history = await fileHistory(repository, { paths: fileChanged });
    isKnown = history !== undefined;
    if (history !== undefined) emit({ kind: 'changes', text: fileHistoryText(history) });
  } else {
    const status = await collectionStatus(repository);
    const shown = statusReport(status, { backendName, archiveDir: archiveDir.path });
    emit({ kind: 'collectionStatus', ...shown, forced: true });
    report(emit, 'collection-status', status);
  }
  if (!isKnown) emit({ kind: 'forced', text: NO_ACTIVE_CHAIN });
  return 0;
}

/** With JSON, -1 means all sets. */
async function showChanges(
  repository: Repository,
  { index, asJson }: { readonly index: number; readonly asJson: boolean },
): Promise<boolean> {
  const { emit } = repository;
  if (!asJson) {
    return (await changesOfSets(repository, { index }, (changes) => showChangesAsTable(emit, changes))) !== undefined;
  }
  const json = changesAsJson(emit);
  const sets = await changesOfSets(repository, { index: index === -1 ? 'all' : index }, json.add);
  if (sets !== undefined) json.end();
  return sets !== undefined;
}
