import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { expect } from 'vitest';
import { openKeys } from '../../src/repository/keys.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { NO_PREFIXES } from '../../src/archive/names/names.ts';
import type { Backend, Call } from '../../src/backends/backend.ts';
import { openArchiveDir } from '../../src/cache/archive-dir.ts';
import { encodingOf } from '../../src/cli/engine-options.ts';
import { runBackup } from '../../src/cli/run/backup.ts';
import { runRestore } from '../../src/cli/run/restore.ts';
import { defaultSettings, type Settings } from '../../src/cli/settings.ts';
import type { Event } from '../../src/events/events.ts';
import { openRemote } from '../../src/pipeline/remote.ts';
import { withHashes, withNotes } from '../../src/repository/ledger/note.ts';
import { openLedger } from '../../src/repository/ledger/state.ts';
import { openSpool } from '../../src/pipeline/spool.ts';
import { localAccounts } from '../../src/source/accounts.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import type { Listed } from './listing.ts';
import { treeOf } from './scene.ts';
import { tempDir } from './temp.ts';
import { timeOfSet } from './times.ts';

/** A place with a source, an archive dir and room for temporary files. */
export interface Machine {
  readonly dir: string;
  readonly source: string;
  readonly archive: string;
  /** Of the process that is acted for. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Where syncing costs nothing, if there is such a place. */
const parent = existsSync('/dev/shm') ? '/dev/shm' : undefined;

export function machine(): Machine {
  const dir = tempDir(parent);
  mkdirSync(`${dir}/tmp`);
  return { dir, source: `${dir}/source`, archive: `${dir}/archive` };
}

/** The repository with everything a command line says. */
export interface Session extends Repository {
  readonly settings: Settings;
}

/** Runs an action in this process; it must end with 0. Gives what it said. */
export async function act(
  { dir, archive, env = {} }: Machine,
  backend: Backend,
  k: number,
  settings: Partial<Settings>,
  run: (session: Session) => Promise<number>,
): Promise<readonly Event[]> {
  using spool = openSpool([`${dir}/tmp`]);
  const call: Call = { signal: new AbortController().signal };
  const all: Settings = { ...defaultSettings(), noEncryption: true, noPrintStatistics: true, ...settings };
  const said: Event[] = [];
  const emit = (event: Event): void => void said.push(event);
  const now = timeOfSet(k);
  const archiveDir = openArchiveDir(archive, '');
  const { strict, forgetMissing: forgetsMissing, ledger: isShared } = all;
  const ledger = openLedger({ archiveDir, prefixes: NO_PREFIXES, now, emit, strict, forgetsMissing, isShared });
  const noted = withNotes(backend, ledger);
  const status = await run({
    settings: all,
    now,
    backend: noted,
    url: 'memory://',
    backendName: 'memory',
    makesPlace: true,
    remote: withHashes(openRemote({ backend: noted, spool, call, tries: 1 }), ledger),
    ledger,
    spool,
    archiveDir,
    keys: openKeys({
      encoding: encodingOf(all),
      action: 'backup',
      env,
      emit,
      ask: () => Promise.reject(new Error('nobody is to be asked')),
    }),
    prefixes: NO_PREFIXES,
    timeSeparator: all.timeSeparator,
    dryRun: all.dryRun,
    tries: all.numRetries,
    metadataSync: all.metadataSyncMode,
    accounts: localAccounts(),
    hostname: 'host',
    emit,
    call,
  });
  expect(status).toBe(0);
  return said;
}

/** Backs the source up as set `k`. */
export const backUp = (on: Machine, backend: Backend, k: number, settings: Partial<Settings>): Promise<unknown> =>
  act(on, backend, k, settings, (session) =>
    runBackup(session, session.settings, { action: 'backup', source: bytePath(on.source), url: session.url }),
  );

/** What a restore of set `k` gives. */
export async function restored(on: Machine, backend: Backend, k: number): Promise<Listed[]> {
  const target = `${on.dir}/out`;
  rmSync(target, { recursive: true, force: true });
  await act(on, backend, k, {}, (session) => runRestore(session, session.settings, { target: bytePath(target) }));
  return treeOf(target);
}

/** What the engine answers of what is stored; it is as if set 9 were to come. */
export async function ask<T>(
  on: Machine,
  backend: Backend,
  question: (repository: Repository) => Promise<T>,
): Promise<T> {
  const answers: T[] = [];
  await act(on, backend, 9, {}, async (session) => {
    answers.push(await question(session));
    return 0;
  });
  const [answer] = answers;
  if (answers.length === 0) throw new Error('nothing was asked');
  return answer as T;
}
