import { BackendError } from '../../../errors/errors.ts';
import type { Repository } from '../../../repository/repository.ts';
import { type Notebook, openNotebook } from '../memory.ts';
import { damageWith } from '../remedies.ts';
import type { Damage, Unproven } from '../report.ts';
import { proveFile } from './prove-file.ts';
import type { Provable } from './provable.ts';

/** What has come of the proofs. */
export interface Proofs {
  readonly proven: ReadonlySet<Provable>;
  readonly byChecksum: ReadonlySet<Provable>;
  readonly damage: readonly Damage[];
  readonly unproven: readonly Unproven[];
  /** Volumes of which two manifests tell different hashes: whose they have. */
  readonly witnesses: ReadonlyMap<Provable, 'believed' | 'doubted'>;
}

interface ProofOptions {
  readonly readsData: boolean;
  readonly canRead: (name: string) => boolean;
}

/** More at once only hide slow transfers. */
const PARALLEL = 4;

/** Proves files, some at once, and writes down which of them are right while it goes on. */
export async function proveAll(
  repository: Repository,
  files: readonly Provable[],
  options: ProofOptions,
): Promise<Proofs> {
  const { remote, emit, call } = repository;
  const proven = new Set<Provable>();
  const byChecksum = new Set<Provable>();
  const damage: Damage[] = [];
  const unproven: Unproven[] = [];
  const witnesses = new Map<Provable, 'believed' | 'doubted'>();
  let done = 0;
  let failure: { readonly error: unknown } | undefined;
  const waiting = files[Symbol.iterator]();
  using notebook = openNotebook(repository.archiveDir);

  async function work(): Promise<void> {
    for (const one of waiting) {
      if (failure !== undefined) return;
      try {
        call.signal.throwIfAborted();
        await prove(one, notebook);
      } catch (error) {
        failure ??= { error };
        return;
      }
      emit({ kind: 'progress', current: ++done, total: files.length });
    }
  }

  async function prove(one: Provable, notebook: Notebook): Promise<void> {
    try {
      const outcome = await proveFile(repository, one, options);
      damage.push(...outcome.damage);
      if (outcome.unproven !== undefined) unproven.push(outcome.unproven);
      if (outcome.fits !== undefined) witnesses.set(one, outcome.fits);
      if (outcome.proof === undefined) return;
      proven.add(one);
      if (outcome.proof.by === 'checksum') byChecksum.add(one);
      notebook.note(outcome.proof.record);
    } catch (error) {
      damage.push(await unfetched(repository, one, error));
    }
  }

  const width = remote.isLocal ? 1 : Math.min(PARALLEL, remote.parallel, Math.max(1, files.length));
  await Promise.all(Array.from({ length: width }, work));
  if (failure !== undefined) throw failure.error;
  return { proven, byChecksum, damage, unproven, witnesses };
}

/**
 * Whether it is the file that cannot be had, which is damage, or the store, which ends the run. A store that lists its
 * files is there.
 */
async function unfetched(repository: Repository, one: Provable, error: unknown): Promise<Damage> {
  const { backend, call } = repository;
  call.signal.throwIfAborted();
  if (!(error instanceof BackendError) || !['BACKEND_NOT_FOUND', 'BACKEND_ERROR'].includes(error.code)) throw error;
  try {
    for await (const file of backend.list(call)) void file;
  } catch {
    throw error;
  }
  const { part, file, set, lost, localCopy } = one;
  const kind = error.code === 'BACKEND_NOT_FOUND' ? 'missing' : 'changed';
  const reason = `It is listed and cannot be fetched. ${error.message}`;
  return damageWith({ kind, part, place: 'remote', file, set, reason, lost }, localCopy !== undefined);
}
