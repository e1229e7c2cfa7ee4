import { hostname } from 'node:os';
import type { Prefixes } from '../archive/names/names.ts';
import type { Backend, Call } from '../backends/backend.ts';
import type { DriverOptions, OpenOptions } from '../backends/open-options.ts';
import { openBackend } from '../backends/registry.ts';
import { parseUrl } from '../backends/url/url.ts';
import type { FaultRule } from '../backends/wrap/fault-rules.ts';
import { withFaults } from '../backends/wrap/faults.ts';
import { withListedNames } from '../backends/wrap/listed-names.ts';
import { withMeter } from '../backends/wrap/meter.ts';
import { openWithRetry, withRetry, type RetryPolicy } from '../backends/wrap/retry.ts';
import type { ArchiveDir } from '../cache/archive-dir.ts';
import type { Emit } from '../events/events.ts';
import { openRemote } from '../pipeline/remote.ts';
import { openTraffic, withTraffic } from '../pipeline/traffic.ts';
import type { Spool } from '../pipeline/spool.ts';
import { type AskSecret, type Encoding, type KeysAction, openKeys } from '../repository/keys.ts';
import { withHashes, withNotes } from '../repository/ledger/note.ts';
import { type LedgerRules, openLedger } from '../repository/ledger/state.ts';
import type { Repository } from '../repository/repository.ts';
import { localAccounts } from '../source/accounts.ts';
import type { EpochSeconds } from '../util/time.ts';

/** How a place is reached. */
export interface Reaching {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings: DriverOptions;
  /** Of each storage operation. */
  readonly tries: number;
  readonly retryDelayMs: number;
  /** Bytes per second for all transfers together; 0: no limit. */
  readonly limitUpload: number;
  readonly limitDownload: number;
  /** What goes wrong on purpose, in tests. */
  readonly faults: readonly FaultRule[];
  readonly spool: Spool;
  readonly emit: Emit;
  readonly call: Call;
  /** Without them nobody is asked. */
  readonly askPassword?: OpenOptions['askPassword'];
  readonly ask?: OpenOptions['ask'];
}

/** Opens the place at a URL, or one of several, which share their limits: with retries, and with names as they are listed. */
export type OpenPlace = (url: string, makesPlace: boolean) => Promise<Backend>;

export async function placeOpener(reaching: Reaching): Promise<OpenPlace> {
  const { env, settings, emit, call, spool, faults, askPassword, ask } = reaching;
  const limit = await rateLimiter(reaching);
  const opening: OpenOptions = {
    ...call,
    ...(limit !== undefined && { limit }),
    settings,
    env,
    emit,
    ...(askPassword !== undefined && { askPassword }),
    ...(ask !== undefined && { ask }),
    tempDir: () => spool.directory,
    warn: (text) => emit({ kind: 'warning', text }),
  };
  const policy: RetryPolicy = { tries: reaching.tries, delayMs: reaching.retryDelayMs, emit };
  return async (url, makesPlace) => {
    const parsed = parseUrl(url);
    const driver = await openWithRetry(() => openBackend(parsed, { ...opening, makesPlace }), policy, call.signal);
    return withRetry(withListedNames(withFaults(driver, faults, { emit })), policy);
  };
}

/** One for the whole run, so that all transfers share the rates. */
async function rateLimiter({ limitUpload, limitDownload }: Reaching): Promise<OpenOptions['limit']> {
  if (limitUpload === 0 && limitDownload === 0) return undefined;
  const { rateLimits, withRateLimit } = await import('../backends/wrap/rate-limit.ts');
  const limits = rateLimits({ upload: limitUpload, download: limitDownload });
  return (driver) => withRateLimit(driver, limits);
}

/** What a repository is made of, besides what it finds out itself. */
export interface RepositoryParts {
  /** Open; whoever opened it closes it. */
  readonly backend: Backend;
  readonly url: string;
  readonly makesPlace: boolean;
  readonly spool: Spool;
  /** Directory of the local metadata for this remote. */
  readonly archiveDir: ArchiveDir;
  readonly encoding: Encoding;
  /** What it is opened for decides who is asked for a passphrase. */
  readonly action: KeysAction;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ask: AskSecret;
  readonly prefixes: Prefixes;
  readonly timeSeparator: string;
  readonly now: EpochSeconds;
  readonly dryRun: boolean;
  readonly tries: number;
  readonly metadataSync: Repository['metadataSync'];
  /** Uploads are watched. */
  readonly isMetered: boolean;
  readonly ledger?: Partial<LedgerRules>;
  readonly emit: Emit;
  readonly call: Call;
}

/** What an action works on. */
export function openRepository(parts: RepositoryParts): Repository {
  const { spool, call, emit, tries, url, makesPlace, now, dryRun, prefixes, timeSeparator, metadataSync } = parts;
  const watched = parts.isMetered ? withMeter(parts.backend) : undefined;
  const ledger = openLedger({ ...parts, ...parts.ledger });
  const backend = withNotes(watched?.backend ?? parts.backend, ledger);
  const traffic = openTraffic();
  return {
    now,
    backend,
    // What the reference shows for every URL; programs read the line.
    backendName: 'BackendWrapper',
    url,
    makesPlace,
    remote: withHashes(withTraffic(openRemote({ backend, spool, call, tries }), traffic), ledger),
    traffic,
    ...(watched !== undefined && { uploads: watched.meter }),
    spool,
    archiveDir: parts.archiveDir,
    ledger,
    keys: openKeys(parts),
    prefixes,
    timeSeparator,
    accounts: localAccounts(),
    hostname: hostname(),
    dryRun,
    tries,
    metadataSync,
    emit,
    call,
  };
}
