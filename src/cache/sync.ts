import { setMaxListeners } from 'node:events';
import { IntegrityError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import type { ArchiveDir } from './archive-dir.ts';
import type { Copy, SyncPlan } from './sync-plan.ts';

interface SyncOptions {
  readonly archiveDir: ArchiveDir;
  /** What the archive dir is to hold of a remote file, block by block. May run several times at once. */
  readonly fetch: (copy: Copy, signal: AbortSignal) => AsyncIterable<Buffer>;
  /** Throws what is wrong with a copy that has arrived. */
  readonly check?: (copy: Copy) => Promise<void>;
  /** How often a file is fetched that arrives damaged. Default: once. */
  readonly tries?: number;
  /** How many files may be worked on at once. */
  readonly parallel: number;
  /** Takes the failure of one copy, which then stays away; without it, and where it throws, the first failure ends all. */
  readonly onFailure?: (copy: Copy, error: unknown) => void;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Carries a plan out: removals, then copies, each of which appears complete or not at all. The first failure stops the
 * rest and is thrown; what was copied by then stays.
 */
export async function runSync(plan: SyncPlan, options: SyncOptions): Promise<void> {
  const { archiveDir, emit } = options;
  for (const name of plan.staleParts) archiveDir.remove(name);
  if (plan.copies.length + plan.extras.length + plan.removals.length === 0) {
    emit({ kind: 'notice', text: 'Local and Remote metadata are synchronized, no sync needed.' });
    return;
  }
  emit({ kind: 'notice', text: 'Synchronizing remote metadata to local cache...' });
  for (const name of plan.removals) {
    emit({ kind: 'notice', text: `Deleting local ${archiveDir.pathOf(name)} (not authoritative at backend).` });
    archiveDir.remove(name);
  }
  await copyFiles(plan.copies, options);
}

/** Fetches what a plan names. */
export async function copyFiles(copies: readonly Copy[], options: SyncOptions): Promise<void> {
  await copyAll(copies, options);
  await options.archiveDir.flush();
}

/** What a dry run says instead. */
export function reportSync(plan: SyncPlan, emit: Emit): void {
  const list = (heading: string, names: readonly string[]): void => {
    if (names.length > 0) emit({ kind: 'notice', text: [heading, ...names].join('\n') });
  };
  const copies = [...plan.copies, ...plan.extras].map(({ name }) => name);
  list('Sync would copy the following from remote to local:', copies);
  list('Sync would remove the following spurious local files:', plan.removals);
}

async function copyAll(copies: readonly Copy[], options: SyncOptions): Promise<void> {
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  // Each fetch under way listens.
  setMaxListeners(0, signal);
  const waiting = copies.values();
  const work = async (): Promise<void> => {
    for (const copy of waiting) {
      signal.throwIfAborted();
      await copyOne(copy, options, signal);
    }
  };
  const workers = Array.from({ length: Math.max(1, Math.min(options.parallel, copies.length)) }, () =>
    work().catch((error: unknown) => {
      // The others end with the same reason, so that it does not matter whose error is seen.
      failure.abort(error);
    }),
  );
  await Promise.all(workers);
  signal.throwIfAborted();
}

async function copyOne(copy: Copy, options: SyncOptions, signal: AbortSignal): Promise<void> {
  const { archiveDir, emit, onFailure, tries = 1 } = options;
  emit({ kind: 'notice', text: `Copying ${copy.name} to local cache.` });
  for (let attempt = 1; ; attempt++) {
    try {
      await archiveDir.write(copy.localName, options.fetch(copy, signal));
      await options.check?.(copy);
      return;
    } catch (error) {
      archiveDir.remove(copy.localName);
      signal.throwIfAborted();
      if (attempt < tries && error instanceof IntegrityError) continue;
      if (onFailure === undefined) throw error;
      onFailure(copy, error);
      return;
    }
  }
}
