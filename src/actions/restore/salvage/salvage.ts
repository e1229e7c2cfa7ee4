import type { Entry } from '../../../archive/entry.ts';
import { IntegrityError, LocalError } from '../../../errors/errors.ts';
import type { Verdict } from '../../../events/verdict.ts';
import { drain } from '../../../pipeline/unpack/rebuild.ts';
import { archivedOwner } from '../../../repository/source/archived-owner.ts';
import { checkOpenFiles } from '../../../repository/preflight/resources.ts';
import { lockArchive } from '../../../repository/lock.ts';
import type { Repository } from '../../../repository/repository.ts';
import { type BytePath, ROOT, shown, toScreen } from '../../../util/bytepath.ts';
import { after, type Soon } from '../../../util/soon.ts';
import { Relocation } from '../relocate.ts';
import type { RestoreOptions, RestoreResult } from '../restore.ts';
import { checkNoFile, checkTarget, fileName, makeParent, placeFor } from '../restore-target.ts';
import { findLeftSets, type LeftSets } from './find-sets.ts';
import type { Found } from './follow-path.ts';
import { type Left, type LeftTree, openLeftTree } from './read-left.ts';
import type { Harm, SalvageReport } from './report.ts';
import { SalvageWriter } from './salvage-writer.ts';

/** The result of a restore that goes on past damage. */
export interface SalvageResult extends RestoreResult {
  readonly kind: 'salvaged';
  readonly salvage: SalvageReport;
}

/**
 * Restores what can be restored of a state, or a path of it, whatever is damaged or missing, and tells of each path that
 * does not come back whole what became of it. Nothing is called whole that is not known to be.
 */
export async function salvage(repository: Repository, options: RestoreOptions): Promise<SalvageResult> {
  const { target, paths = [ROOT], force = false } = options;
  if (paths.includes(ROOT)) checkTarget({ target, force });
  else checkNoFile({ target, force });
  using lock = await lockArchive(repository);
  void lock;
  checkOpenFiles();
  const left = await findLeftSets(repository, options.time);
  const harm = gatherHarm(repository, left.harm);
  for (const wanted of paths) {
    const tree = await openLeftTree(repository, left.sets, { wanted, onHarm: harm.add });
    try {
      const first = await tree.next();
      if (first === undefined && wanted !== ROOT && tree.unknown().length === 0) continue;
      return await bringBack(repository, options, { left, wanted, tree, first, harm: harm.all });
    } finally {
      await tree.close();
    }
  }
  const names = paths.map(toScreen).join(' and ');
  throw new LocalError('RESTORE_PATH_NOT_FOUND', `${names} not found in archive - no files restored.`, {
    hint: 'Paths are relative to the root of the backup; list-current-files shows them.',
  });
}

interface Bringing {
  readonly left: LeftSets;
  readonly wanted: BytePath;
  readonly tree: LeftTree;
  readonly first: Left | undefined;
  readonly harm: readonly Harm[];
}

async function bringBack(
  repository: Repository,
  options: RestoreOptions,
  { left, wanted, tree, first, harm }: Bringing,
): Promise<SalvageResult> {
  const { emit, accounts } = repository;
  const { target, renames = [], force = false, owners = 'names' } = options;
  const moves = { wanted, renames };
  const entry = first && entryOf(first);
  const placed = entry && new Relocation({ ...moves, emit: () => undefined }).place(entry);
  const name = await fileName(wanted, () => Promise.resolve(left.sets.at(-1)?.manifest?.localDir));
  const place = placeFor({ target, force, first: placed, name });
  makeParent(place);
  const numericOwner = owners === 'numbers';
  const writer = new SalvageWriter({
    target: place,
    ownerOf: owners === 'new' ? undefined : (meta) => archivedOwner({ accounts, numericOwner }, meta),
    revisits: renames.length > 0,
    relocation: new Relocation({ ...moves, emit }),
    emit,
  });
  const notWhole: Verdict[] = [];
  let whole = 0;
  const judge = (verdict: Verdict): void => {
    notWhole.push(verdict);
    emit({ kind: 'salvaged', ...verdict });
  };
  try {
    for (let next: Left | undefined = first; next !== undefined;) {
      const verdict = put(next);
      const known = verdict instanceof Promise ? await verdict : verdict;
      if (known === undefined) whole++;
      else judge(known);
      const following = tree.next();
      next = following instanceof Promise ? await following : following;
    }
  } finally {
    writer.end();
  }
  for (const path of tree.unordered) judge(lost(path));
  const unknown = tree.unknown();
  if (whole === 0 && notWhole.length === 0 && unknown.length === 0) {
    throw new LocalError('NOTHING_RESTORED', 'No files found in archive - nothing restored.', {
      hint: 'The backup of that time holds nothing: take another one with --time.',
    });
  }
  if (whole === 0 && tree.refusal !== undefined) throw tree.refusal;
  if (writer.failures > 0) {
    const text = `The restore is incomplete: ${writer.failures} of what was there to restore could not be written.`;
    throw new LocalError('INCOMPLETE', text, { hint: 'The warnings above tell why.' });
  }
  const volumes = left.sets.flatMap(({ set }) => [...set.volumes.values()].flatMap((names) => names.slice(0, 1)));
  const entries = whole + notWhole.filter(({ fate }) => fate !== 'lost').length;
  return { kind: 'salvaged', time: left.time, entries, volumes, salvage: { whole, notWhole, unknown, harm } };

  /** Writes what is left of a path. Answers what is wrong with it, if anything is. */
  function put(one: Left): Soon<Verdict | undefined> {
    if (one.kind === 'found') return putFound(one.path, one.found);
    const { entry, stream } = one;
    const { path } = entry;
    if (stream.isSplit) {
      return writer.writeStream(entry, stream).then(({ isWhole, ranges, size }): Verdict | undefined => {
        if (isWhole) return undefined;
        return { path, fate: 'partial', time: left.time, ranges, size };
      });
    }
    try {
      const done = writer.write(entry, (take) => after(drain(stream, take), () => checkEnd(one)));
      return done instanceof Promise ? done.then(() => undefined, asLost(path)) : undefined;
    } catch (error) {
      return asLost(path)(error);
    }
  }

  async function putFound(path: BytePath, { kind, version }: Found): Promise<Verdict | undefined> {
    if (version === undefined) return lost(path);
    const { meta, body, time } = version;
    const entry: Entry = { kind: 'snapshot', path, meta };
    try {
      await (body === undefined ? writer.write(entry, () => undefined) : writer.writeBody(entry, body));
      if (kind === 'whole') return undefined;
      const isPartial = kind === 'partial';
      return {
        path,
        fate: kind,
        time,
        ranges: isPartial ? (body?.ranges ?? []) : [],
        size: isPartial ? body?.content.size : undefined,
      };
    } finally {
      body?.content.dispose();
    }
  }
}

function checkEnd({ entry, stream }: Extract<Left, { readonly kind: 'entry' }>): void {
  if (!stream.isWhole) throw new IntegrityError('DAMAGED', `${shown(entry.path)} ends too early.`);
}

function entryOf(left: Left): Entry | undefined {
  if (left.kind === 'entry') return left.entry;
  const { path, found } = left;
  return found.version && { kind: 'snapshot', path, meta: found.version.meta };
}

function lost(path: BytePath): Verdict {
  return { path, fate: 'lost', time: undefined, ranges: [], size: undefined };
}

function asLost(path: BytePath): (error: unknown) => Verdict {
  return (error) => {
    if (!(error instanceof IntegrityError)) throw error;
    return lost(path);
  };
}

/** Each file once. */
function gatherHarm(
  { emit }: Repository,
  before: readonly Harm[],
): { readonly all: readonly Harm[]; readonly add: (harm: Harm) => void } {
  const all: Harm[] = [];
  const add = (harm: Harm): void => {
    if (all.some(({ file }) => file === harm.file)) return;
    all.push(harm);
    emit({ kind: 'warning', text: `${toScreen(harm.file)}: ${harm.reason}` });
  };
  for (const harm of before) add(harm);
  return { all, add };
}
