import type { ArchiveDir } from '../../cache/archive-dir.ts';
import { appendLedger, type LedgerRecord, readLedger } from '../../cache/ledger.ts';
import { setKey } from '../../collections/listing.ts';
import type { SetId } from '../../collections/sets.ts';
import type { EpochSeconds } from '../../util/time.ts';

export type ProvenRecord = Extract<LedgerRecord, { readonly what: 'proven' }>;
type MadeRecord = Extract<LedgerRecord, { readonly what: 'made' }>;

/** What earlier runs have written down. */
export interface Memory {
  /** The last time that this file was found right. */
  proven(file: string): ProvenRecord | undefined;
  /** When a volume of a set with this hash was made, if not with the set. */
  madeAt(set: SetId, sha1: string): EpochSeconds | undefined;
  made(set: SetId): MadeRecord | undefined;
  /** Keys of sets that were made and not removed. */
  readonly alive: readonly string[];
}

export function recall(archiveDir: ArchiveDir): Memory {
  const proven = new Map<string, ProvenRecord>();
  const copied = new Map<string, EpochSeconds>();
  const made = new Map<string, MadeRecord>();
  for (const record of readLedger(archiveDir)) {
    if (record.what === 'proven' && record.file !== undefined) proven.set(record.file, record);
    if (record.what === 'copied') copied.set(`${record.set} ${record.sha1}`, record.made);
    if (record.what === 'made') made.set(record.set, record);
    if (record.what === 'removed') made.delete(record.set);
  }
  return {
    proven: (file) => proven.get(file),
    madeAt: (set, sha1) => copied.get(`${setKey(set)} ${sha1}`),
    made: (set) => made.get(setKey(set)),
    alive: [...made.keys()],
  };
}

/** So many are written at once; a run that is killed loses no more. */
const BATCH = 16;

/** Writes down what was found right, every now and then and at the end. */
export interface Notebook extends Disposable {
  note(record: ProvenRecord): void;
}

export function openNotebook(archiveDir: ArchiveDir): Notebook {
  const held: ProvenRecord[] = [];
  const flush = (): void => {
    if (held.length > 0) appendLedger(archiveDir, held.splice(0));
  };
  return {
    note(record) {
      held.push(record);
      if (held.length >= BATCH) flush();
    },
    [Symbol.dispose]: flush,
  };
}
