import type { ArchiveDir } from '../../cache/archive-dir.ts';
import type { Prefixes } from '../../archive/names/names.ts';
import { appendLedger, type LedgerRecord, readLedger } from '../../cache/ledger.ts';
import type { Emit } from '../../events/events.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { History } from './history.ts';

/** What a run makes of a place that is not as it was left. */
export interface LedgerRules {
  /** It ends before anything is written. */
  readonly strict: boolean;
  /** It is meant so. */
  readonly forgetsMissing: boolean;
  /** A copy of the ledger lies on the remote, for other machines. */
  readonly isShared: boolean;
}

const NO_LEDGER_RULES: LedgerRules = { strict: false, forgetsMissing: false, isShared: false };

/** The ledger of an archive dir, for one run. */
export interface Ledger extends LedgerRules {
  readonly now: EpochSeconds;
  readonly prefixes: Prefixes;
  readonly emit: Emit;
  /** Read when it is first asked for. */
  readonly history: History;
  /** `isDurable`: on the disk before this returns. */
  append(records: readonly LedgerRecord[], isDurable?: boolean): void;
  /** Which of several places under the URL this is; found out by looking, and given to what is stored. */
  place: string | undefined;
  /** The place was compared in this run. */
  hasLooked: boolean;
  /** Ledgers of other machines that the listing shows. */
  others: readonly string[];
  /** Hashes of metadata files that were fetched in this run. */
  readonly fetched: Map<string, string>;
}

interface LedgerOptions extends Partial<LedgerRules> {
  readonly archiveDir: ArchiveDir;
  readonly prefixes: Prefixes;
  readonly now: EpochSeconds;
  readonly emit: Emit;
}

export function openLedger({ archiveDir, prefixes, now, emit, ...rules }: LedgerOptions): Ledger {
  let history: History | undefined;
  return {
    ...NO_LEDGER_RULES,
    ...rules,
    now,
    prefixes,
    emit,
    get history() {
      history ??= new History(prefixes, readLedger(archiveDir));
      return history;
    },
    append(records, isDurable) {
      appendLedger(archiveDir, records, isDurable);
      if (history !== undefined) for (const record of records) history.apply(record);
    },
    place: undefined,
    hasLooked: false,
    others: [],
    fetched: new Map(),
  };
}
