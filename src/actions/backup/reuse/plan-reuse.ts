import { fullState, type FullState } from '../../../archive/full-state.ts';
import type { Entry, Metadata } from '../../../archive/entry.ts';
import { LocalError } from '../../../errors/errors.ts';
import { type Change, Comparison } from '../../../pipeline/compare/compare.ts';
import { settleDoubt } from '../../../pipeline/compare/settle-doubt.ts';
import { readSignature } from '../../../pipeline/compare/stored-signature.ts';
import { joinSmall, type Outlook, outlookOf, type ReusePlan } from '../../../pipeline/reuse/reuse-plan.ts';
import { VolumeMarks } from '../../../pipeline/reuse/volume-marks.ts';
import { openSetSignatures } from '../../../repository/metadata/open-signatures.ts';
import type { Repository } from '../../../repository/repository.ts';
import { archivedOwner } from '../../../repository/source/archived-owner.ts';
import type { Source } from '../../../repository/source/source-tree.ts';
import type { FileIdentity } from '../../../source/file-identity.ts';
import type { SourceEntry } from '../../../source/source-entry.ts';
import type { BytePath } from '../../../util/bytepath.ts';
import { othersTurn } from '../../../util/others-turn.ts';
import type { BackupOptions } from '../options.ts';
import { checkVolumeLocks } from './check-locks.ts';
import { isAboutBase, type ReuseBase, sayNotReused } from './find-base.ts';

/** What a walk of the source has found out about the volumes of the last full backup. */
export interface PlannedReuse {
  readonly base: ReuseBase;
  readonly plan: ReusePlan;
  readonly outlook: Outlook;
  /** Files of which one volume is taken over and another is not, as they were seen. */
  readonly split: ReadonlyMap<BytePath, FileIdentity>;
}

const STRIDE = 1024;
/** A file must be so much older than the look at it for its times to tell of every later change. */
const CERTAIN_MS = 20;

/**
 * Walks the source and what is known of it, as an increment does, to see which volumes still hold what is there. Files in
 * doubt are read, nothing else is opened. Which volumes are taken over is all that is kept of it: whatever changes from
 * here on either belongs to a volume that is written later, or is for the next backup to find, which compares with the
 * signatures of what is stored.
 */
export async function planReuse(
  repository: Repository,
  options: PlanOptions,
  given: Given,
): Promise<PlannedReuse | undefined> {
  try {
    return await walked(repository, options, given);
  } catch (error) {
    if (!isAboutBase(error)) throw error;
    sayNotReused(repository, given.base.set, error);
    return undefined;
  }
}

type PlanOptions = Pick<BackupOptions, 'numericOwner' | 'maxBlockSize' | 'volumeSize'>;

interface Given {
  readonly base: ReuseBase;
  readonly source: Source;
  readonly open: Source['open'];
}

async function walked(
  repository: Repository,
  options: PlanOptions,
  { base, source, open }: Given,
): Promise<PlannedReuse> {
  const marks = new VolumeMarks(base.volumes);
  const pause = (): Promise<void> => othersTurn(repository.call.signal);
  const state = fullState({
    streams: base.signatures.map((file) => openSetSignatures(repository, file)),
    onGone: (path) => marks.gone(path),
  });
  const { walk, isUnreadable } = source.survey();
  const comparison = new Comparison(walk(), state, {
    ownerOf: (meta) => archivedOwner({ accounts: repository.accounts, numericOwner: options.numericOwner }, meta),
    isUnreadable,
  });
  const split = new Map<BytePath, FileIdentity>();
  const look = { state, open, maxBlockSize: options.maxBlockSize, pause };
  try {
    for (let step = 1; ; step++) {
      let change = comparison.next();
      if (change instanceof Promise) change = await change;
      if (change === undefined) break;
      if (step % STRIDE === 0) await pause();
      const { inFull } = state;
      if (change.kind === 'deleted' || change.kind === 'unreadable') {
        // What cannot be read now stays as it is known, as in an increment.
        const isKept = change.kind === 'unreadable' && state.isOfFull;
        if (isKept) marks.tell(change.previous.path, { inBase: true, isKept, size: 0 });
        else if (inFull) marks.gone(change.previous.path);
        continue;
      }
      const { path, meta } = change.source;
      const answer = isKept(change, look);
      let kept = answer instanceof Promise ? await answer : answer;
      if (kept && marks.isSplit(path)) {
        const identity = identify(open, change.source);
        if (identity === undefined) kept = false;
        else split.set(path, identity);
      }
      const isOld = change.previous !== undefined && inFull;
      marks.tell(path, { inBase: isOld, isKept: kept, size: meta.type === 'reg' ? meta.size : 0 });
    }
  } finally {
    await state.close();
  }
  const marked = marks.finish();
  await checkVolumeLocks(repository, base.locks, marked);
  const plan = joinSmall(marked, options.volumeSize);
  return { base, plan, outlook: outlookOf(marked, plan, options.volumeSize), split };
}

interface Look {
  readonly state: FullState;
  readonly open: Source['open'];
  readonly maxBlockSize: number;
  readonly pause: () => Promise<void>;
}

/** Whether what the full backup holds of a path is what is there. */
function isKept(
  change: Exclude<Change<SourceEntry>, { readonly kind: 'deleted' | 'unreadable' }>,
  look: Look,
): boolean | Promise<boolean> {
  const { kind, source, previous } = change;
  if (previous === undefined || (kind !== 'unchanged' && kind !== 'doubtful')) return false;
  const { isOfFull, isLikeFull } = look.state;
  if (!isOfFull && !isLikeFull) return false;
  if (!isSame(source.meta, previous)) return false;
  return kind === 'unchanged' && (isOfFull || previous.kind !== 'signature')
    ? true
    : hasContentOfFull(source, kind, look);
}

async function hasContentOfFull(source: SourceEntry, kind: 'unchanged' | 'doubtful', look: Look): Promise<boolean> {
  const { state } = look;
  const { isOfFull } = state;
  let signature: Buffer;
  if (kind === 'doubtful') {
    const found = await settleDoubt(source, look);
    if (found.kind !== 'unchanged') return false;
    ({ signature } = found);
  } else signature = await readSignature(() => state.read());
  return isOfFull || signature.equals(await readSignature(() => state.readOfFull()));
}

/** Of links and devices an increment does not take every change. A full backup does. */
function isSame(is: Metadata, { meta: was }: Entry): boolean {
  if (is.type === 'reg' || is.type === 'dir' || is.type === 'fifo') return true;
  return is.uid === was.uid && is.gid === was.gid && is.mtime === was.mtime;
}

/** Undefined for a file that may be changing. */
function identify(open: Source['open'], source: SourceEntry): FileIdentity | undefined {
  try {
    const file = open(source);
    try {
      const identity = file.identity?.();
      return identity !== undefined && identity.ctimeMs + CERTAIN_MS <= Date.now() ? identity : undefined;
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof LocalError) return undefined;
    throw error;
  }
}
