import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { parseName } from '../../archive/names/names.ts';
import { LEDGER, type LedgerRecord, ledgerText, readLedger } from '../../cache/ledger.ts';
import type { Repository } from '../repository.ts';
import { History } from './history.ts';
import type { Ledger } from './state.ts';

/** Shorter ones stay as they are. */
const LONG = 1024 * 1024;
/** Sets that are gone, and remembered so that they do not come back unseen. */
const MOST_GONE = 2000;

/**
 * Writes a ledger anew that has become long, where at least half of it means nothing any more. The new one takes the place
 * of the old at once; what others add meanwhile goes with it.
 */
export async function compactLedger({ archiveDir, dryRun, shareLock }: Repository, ledger: Ledger): Promise<void> {
  // Readers that share the lock would do it at the same time.
  if (dryRun || shareLock !== undefined) return;
  const path = archiveDir.pathOf(LEDGER);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < LONG) return;
  const records = readLedger(archiveDir);
  const text = Buffer.from(ledgerText(compacted(records, ledger)));
  if (text.length > size / 2) return;
  const fd = openSync(path, 'r');
  try {
    await archiveDir.write(LEDGER, [text, tailOf(fd, size)]);
    await archiveDir.flush();
  } finally {
    closeSync(fd);
  }
}

/** What a ledger amounts to. */
export function compacted(records: readonly LedgerRecord[], { prefixes }: Pick<Ledger, 'prefixes'>): LedgerRecord[] {
  const history = new History(prefixes, records);
  const gone = [...history.sets].filter(({ state }) => state !== 'alive' && state !== 'begun');
  const remembered = new Set(
    gone
      .toSorted((a, b) => a.at - b.at)
      .slice(-MOST_GONE)
      .map(({ key }) => key),
  );
  const isAlive = (key: string): boolean => {
    const state = history.find(key)?.state;
    return state === 'alive' || state === 'begun';
  };
  /** The last of what replaces what was before. */
  const last = new Map<string, LedgerRecord>();
  for (const record of records) {
    const key = identityOf(record);
    last.delete(key);
    last.set(key, record);
  }
  return [...last.values()].filter((record) => {
    if (record.what === 'machine') return true;
    if (record.what === 'proven') {
      const file = parseName(record.file ?? '', { prefixes });
      const set = file && history.find(file);
      return set === undefined || isAlive(set.key);
    }
    if (isAlive(record.set))
      return record.what !== 'removing' && record.what !== 'removed' && record.what !== 'forgotten';
    return (
      remembered.has(record.set) &&
      (record.what === 'removing' || record.what === 'removed' || record.what === 'forgotten')
    );
  });
}

function identityOf(record: LedgerRecord): string {
  switch (record.what) {
    case 'machine':
      return 'machine';
    case 'proven':
      return `proven ${record.file ?? record.sha1}`;
    case 'copied':
      return `copied ${record.set} ${record.volume}`;
    case 'stored':
      return `stored ${record.set} ${record.file}`;
    case 'made':
    case 'seen':
      return `${record.what} ${record.set}`;
    default:
      return `gone ${record.set}`;
  }
}

/** What was added to a file behind `from`. */
function tailOf(fd: number, from: number): Buffer {
  const tail = Buffer.alloc(Math.max(0, fstatSync(fd).size - from));
  return tail.subarray(0, readSync(fd, tail, 0, tail.length, from));
}
