import { changesOfSets, fileHistory } from '../../actions/status/changes.ts';
import { collectionStatus } from '../../actions/status/collection-status.ts';
import type { SetId } from '../../collections/sets.ts';
import type { Repository } from '../../repository/repository.ts';
import { fileHistoryText } from '../../ui/status/changes-text.ts';
import { changesAsJson, showChangesAsTable } from '../../ui/status/show-changes.ts';
import { NO_ACTIVE_CHAIN, statusReport } from '../../ui/status/status-text.ts';
import { report } from '../../ui/results/report.ts';
import { ROOT } from '../../util/bytepath.ts';
import type { Settings } from '../settings.ts';

/** `collection-status`, with `--show-changes-in-set` and `--file-changed` also what is in the sets. */
export async function runStatus(repository: Repository, settings: Settings): Promise<number> {
  const { emit, backendName, archiveDir } = repository;
  const { fileChanged, showChangesInSet: index, jsonstat, json } = settings;
  if (index !== undefined) {
    const sets = await showChanges(repository, { index, asJson: jsonstat, asEvents: json });
    if (sets === undefined) emit({ kind: 'forced', text: NO_ACTIVE_CHAIN });
    report(emit, 'collection-status', { sets: sets ?? [] });
  } else if (fileChanged !== undefined) {
    const history = await fileHistory(repository, { paths: fileChanged });
    if (history === undefined) emit({ kind: 'forced', text: NO_ACTIVE_CHAIN });
    else emit({ kind: 'changes', text: fileHistoryText(history) });
    report(emit, 'collection-status', history ?? { path: fileChanged[0] ?? ROOT, changes: [] });
  } else {
    const status = await collectionStatus(repository);
    const shown = statusReport(status, { backendName, archiveDir: archiveDir.path });
    emit({ kind: 'collectionStatus', ...shown, forced: true });
    report(emit, 'collection-status', status);
  }
  return 0;
}

interface Form {
  readonly index: number;
  /** Then -1 means all sets. */
  readonly asJson: boolean;
  /** Each change as a value, too. */
  readonly asEvents: boolean;
}

/** The sets that were shown; undefined when no chain is active. */
async function showChanges(
  repository: Repository,
  { index, asJson, asEvents }: Form,
): Promise<readonly SetId[] | undefined> {
  const { emit } = repository;
  const json = asJson ? changesAsJson(emit) : undefined;
  const wanted = asJson && index === -1 ? 'all' : index;
  const sets = await changesOfSets(repository, { index: wanted }, async (changes) => {
    await (json?.add(changes) ?? showChangesAsTable(emit, changes));
    if (!asEvents) return;
    const set = changes.set.end;
    await changes.each((change, path) => emit({ kind: 'changedInSet', set, change, path }));
  });
  if (sets !== undefined) json?.end();
  return sets;
}
