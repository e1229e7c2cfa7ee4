import { resolve } from 'node:path';
import { backup } from '../../actions/backup/backup.ts';
import type { BackupOptions } from '../../actions/backup/options.ts';
import { FILES_LEVEL } from '../../events/events.ts';
import { refuseErrors } from '../../events/strict.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { sayBackup } from '../../ui/results/say-backup.ts';
import { bytePath, fromText, type BytePath } from '../../util/bytepath.ts';
import type { Settings } from '../settings.ts';
import type { Request } from '../words/positionals.ts';

type BackupRequest = Extract<Request, { readonly source: BytePath }>;

/** Backs up and says what came of it. Answers the exit status. */
export async function runBackup(repository: Repository, settings: Settings, request: BackupRequest): Promise<number> {
  const result = await backup(repository, backupOptions(settings, request));
  sayBackup(repository.emit, result, { statistics: !settings.noPrintStatistics, json: settings.jsonstat });
  report(repository.emit, request.action, result);
  refuseErrors(result.errors, settings);
  return 0;
}

/** What the options of the command line mean to a backup. */
export function backupOptions(settings: Settings, { action, source, throughLink }: BackupRequest): BackupOptions {
  return {
    kind: action === 'backup' ? 'auto' : action,
    source: { path: source, throughLink },
    absoluteSource: absolute(source),
    selection: settings.selection,
    copyLinks: settings.copyLinks,
    nullSeparator: settings.nullSeparator,
    fullIfOlderThan: settings.fullIfOlderThan,
    fullIfChainLongerThan: settings.fullIfChainLongerThan,
    fullIfChainLargerThan: settings.fullIfChainLargerThan,
    fullIfRestoreLongerThan: settings.fullIfRestoreLongerThan,
    checksRemote: !settings.noCheckRemote,
    mayChangeSource: settings.allowSourceMismatch,
    numericOwner: settings.numericOwner,
    volumeSize: settings.volsize,
    maxBlockSize: settings.maxBlocksize,
    concurrency: settings.concurrency,
    listsFiles: !settings.noFilesChanged,
    skipsUnchanged: settings.skipIfNoChange,
    keepsStatistics: settings.jsonstat,
    announcesFiles: settings.verbosity >= FILES_LEVEL,
    progressInterval: settings.progress ? settings.progressRate : undefined,
    reuse: { mode: settings.reuseVolumes, maxAge: settings.reuseMaxAge },
    failOnVolume: settings.failOnVolume,
  };
}

/** undefined in a directory that is gone. */
export function absolute(source: BytePath): BytePath | undefined {
  if (source.startsWith('/')) return source;
  try {
    return bytePath(resolve(fromText(process.cwd()), source));
  } catch {
    return undefined;
  }
}
