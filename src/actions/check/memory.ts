import { parseName } from '../../archive/names/names.ts';
import type { ArchiveDir } from '../../cache/archive-dir.ts';
import { appendLedger, type LedgerRecord, readLedger } from '../../cache/ledger.ts';
import { setKey } from '../../collections/listing.ts';
import type { SetId } from '../../collections/sets.ts';
import { History } from '../../repository/ledger/history.ts';
import type { Repository } from '../../repository/repository.ts';
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
  readonly history: History;
}

export function recall({ archiveDir, prefixes }: Pick<Repository, 'archiveDir' | 'prefixes'>): Memory {
  const records = readLedger(archiveDir);
  const isManifest = (name: string): boolean => parseName(name, { prefixes })?.kind === 'manifest';
  const proven = new Map<string, ProvenRecord>();
  const copied = new Map<string, EpochSeconds>();
  const made = new Map<string, MadeRecord>();
  for (const record of records) {
    if (record.what === 'proven' && record.file !== undefined) proven.set(record.file, record);
    if (record.what === 'copied') copied.set(`${record.set} ${record.sha1}`, record.made);
    if (record.what === 'made') made.set(record.set, record);
    // One that was written anew: what is decoded of it was noted with it, or is not known.
    if (record.what === 'stored' && isManifest(record.file)) made.delete(record.set);
    if (record.what === 'removed' || record.what === 'forgotten') made.delete(record.set);
  }
  return {
    proven: (file) => proven.get(file),
    madeAt: (set, sha1) => copied.get(`${setKey(set)} ${sha1}`),
    made: (set) => made.get(setKey(set)),
    history: new History(prefixes, records),
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
