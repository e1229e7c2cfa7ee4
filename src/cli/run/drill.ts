import { randomInt } from 'node:crypto';
import { drill } from '../../actions/drill/drill.ts';
import type { DrillReport } from '../../actions/drill/report.ts';
import { noteDrill } from '../../actions/drill/record.ts';
import { type ArchiveDir, openArchiveDir } from '../../cache/archive-dir.ts';
import { DuplicityError, IntegrityError } from '../../errors/errors.ts';
import { knownRates, restoreRate } from '../../repository/rates.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { drillLines, drillVerdict, failureText } from '../../ui/upkeep/drill-text.ts';
import type { Settings } from '../settings.ts';
import type { EpochSeconds } from '../../util/time.ts';
import type { Request } from '../words/positionals.ts';

type DrillRequest = Extract<Request, { readonly action: 'drill' }>;

const MOST_SEED = 2 ** 32;

/** A drill that fails is a failure of its own: who reads nothing but errors is to hear of it. */
export async function runDrill(
  repository: Repository,
  settings: Settings,
  { tree: path, throughLink, archivePath }: DrillRequest & { readonly archivePath: string },
): Promise<number> {
  const { emit, now } = repository;
  const { files, bytes, expectAfter, seed = randomInt(MOST_SEED), signKey: signer } = settings;
  const { selection, copyLinks, nullSeparator } = settings;
  const memory = openMemory(archivePath);
  // It changes nothing but its notes: without these that is what a dry run is.
  const result = await drill(
    { ...repository, dryRun: false },
    {
      source: path === undefined ? undefined : { path, throughLink },
      selection,
      copyLinks,
      nullSeparator,
      files,
      bytes,
      expectAfter,
      seed,
      signer,
      knownRate: memory.archiveDir && restoreRate(knownRates({ archiveDir: memory.archiveDir })),
    },
  );
  const { archiveDir } = memory;
  const isNoted = archiveDir !== undefined && !repository.dryRun;
  const reason = isNoted ? await noted(archiveDir, now, result) : memory.reason;
  if (reason !== undefined) emit({ kind: 'notice', text: `The drill is not written down: ${reason}` });
  for (const failure of result.failures) emit({ kind: 'forced', text: failureText(failure) });
  for (const text of drillLines(result)) emit({ kind: 'forced', text });
  report(emit, 'drill', result);
  const text = drillVerdict(result);
  if (!result.isPassed) {
    throw new IntegrityError('DRILL_FAILED', text, {
      hint: 'The lines that begin with FAILED tell what, and what to do.',
    });
  }
  emit({ kind: 'forced', text });
  return 0;
}

/** Writes it down; why not, where that cannot be. */
async function noted(archiveDir: ArchiveDir, now: EpochSeconds, result: DrillReport): Promise<string | undefined> {
  try {
    await noteDrill(archiveDir, now, result);
    return undefined;
  } catch (error) {
    if (error instanceof DuplicityError) return error.message;
    throw error;
  }
}

/** The archive dir of the backups; where it cannot be written, as with a read-only HOME, a drill is made all the same. */
function openMemory(path: string): { readonly archiveDir?: ArchiveDir; readonly reason?: string } {
  try {
    return { archiveDir: openArchiveDir(path, '') };
  } catch (error) {
    if (error instanceof DuplicityError) return { reason: error.message };
    throw error;
  }
}
