import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { EpochSeconds } from '../util/time.ts';
import type { ArchiveDir } from './archive-dir.ts';
import { guard } from './guard.ts';

/**
 * What has happened to the sets of a place, oldest first: lines of JSON that are only ever added to. Format:
 * docs/format/archive-dir.md, Ledger.
 */
export type LedgerRecord =
  /** A set was finished. */
  | {
      readonly what: 'made';
      readonly at: EpochSeconds;
      /** Kind and times of the set. */
      readonly set: string;
      readonly volumes: number;
      /** SHA-1 of the manifest, decoded, in lower-case hex. */
      readonly manifest: string;
      /** The key that signed it. */
      readonly signer?: string;
      readonly place?: string;
    }
  /** A manifest, which makes a set visible, or signatures were stored. */
  | {
      readonly what: 'stored';
      readonly at: EpochSeconds;
      readonly set: string;
      /** Its name on the remote. */
      readonly file: string;
      /** Bytes. */
      readonly size: number;
      /** Of the file as it is stored. */
      readonly sha1: string;
      /** Of several places that take turns under one URL: which. */
      readonly place?: string;
    }
  /** A finished set was found there that is not from here. */
  | {
      readonly what: 'seen';
      readonly at: EpochSeconds;
      readonly set: string;
      /** Bytes of its manifests and signatures by name; -1 where the listing does not tell. */
      readonly files: Readonly<Record<string, number>>;
      readonly place?: string;
    }
  /** A volume of that set is a copy of one of another set. */
  | {
      readonly what: 'copied';
      readonly at: EpochSeconds;
      readonly set: string;
      readonly volume: number;
      readonly sha1: string;
      readonly from: string;
      readonly was: number;
      /** When its bytes were last made, or found to be right, before this. */
      readonly made: EpochSeconds;
    }
  /** A file with this hash was read and found to be right. */
  | {
      readonly what: 'proven';
      readonly at: EpochSeconds;
      readonly sha1: string;
      /** Its name on the remote: of two files with the same bytes each can be damaged alone. */
      readonly file?: string;
      /** Bytes. */
      readonly size?: number;
      /** What the store told of it then, as `algorithm:hex`: while it tells the same, the bytes need not be fetched. */
      readonly tag?: string;
    }
  /** A set is going to be deleted; was deleted; is gone, or was changed, and that is meant so. */
  | { readonly what: 'removing' | 'removed' | 'forgotten'; readonly at: EpochSeconds; readonly set: string }
  /** What the ledger of this machine is called on remotes. */
  | { readonly what: 'machine'; readonly at: EpochSeconds; readonly id: string };

/** No name of the reference begins like this. */
export const LEDGER = 'ledger.jsonl';

/** Adds records to the end; with `isDurable` they are on the disk then. */
export function appendLedger(archiveDir: ArchiveDir, records: readonly LedgerRecord[], isDurable = false): void {
  if (records.length === 0) return;
  // A line that a power failure has cut must not take the next one with it.
  const text = `${endsInLine(archiveDir) ? '' : '\n'}${ledgerText(records)}`;
  guard(archiveDir.path, 'written', () => {
    appendFileSync(archiveDir.pathOf(LEDGER), text, { mode: 0o600, flush: isDurable });
  });
}

export function ledgerText(records: readonly LedgerRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** All records that can be read. Lines that are damaged, or of kinds to come, are passed over. */
export function readLedger(archiveDir: ArchiveDir): readonly LedgerRecord[] {
  if (!archiveDir.list().includes(LEDGER)) return [];
  return parseLedger(archiveDir.read(LEDGER).toString('utf8'));
}

export function parseLedger(text: string): readonly LedgerRecord[] {
  return text.split('\n').flatMap((line) => parse(line) ?? []);
}

/** When the bytes of a volume were last made or found to be right; `setTime` when nothing says otherwise. */
export function madeTimes(
  records: readonly LedgerRecord[],
  set: string,
  setTime: EpochSeconds,
): (sha1: string) => EpochSeconds {
  const times = new Map<string, EpochSeconds>();
  const proven = new Map<string, EpochSeconds>();
  for (const record of records) {
    if (record.what === 'copied' && record.set === set) times.set(record.sha1, record.made);
    if (record.what === 'proven') proven.set(record.sha1, Math.max(record.at, proven.get(record.sha1) ?? 0));
  }
  return (sha1) => Math.max(times.get(sha1) ?? setTime, proven.get(sha1) ?? 0);
}

/** One that is long is not read for its last byte. */
function endsInLine(archiveDir: ArchiveDir): boolean {
  if (!archiveDir.list().includes(LEDGER)) return true;
  return guard(archiveDir.path, 'read', () => {
    const fd = openSync(archiveDir.pathOf(LEDGER), 'r');
    try {
      const { size } = fstatSync(fd);
      const last = Buffer.alloc(1);
      return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 10);
    } finally {
      closeSync(fd);
    }
  });
}

const FIELDS = {
  made: { at: 'number', set: 'string', volumes: 'number', manifest: 'string' },
  copied: {
    at: 'number',
    set: 'string',
    volume: 'number',
    sha1: 'string',
    from: 'string',
    was: 'number',
    made: 'number',
  },
  proven: { at: 'number', sha1: 'string' },
  stored: { at: 'number', set: 'string', file: 'string', size: 'number', sha1: 'string' },
  seen: { at: 'number', set: 'string', files: 'object' },
  removing: { at: 'number', set: 'string' },
  removed: { at: 'number', set: 'string' },
  forgotten: { at: 'number', set: 'string' },
  machine: { at: 'number', id: 'string' },
} as const;

/** What need not be there, and is of this type where it is. */
const OPTIONAL = { signer: 'string', place: 'string', file: 'string', size: 'number', tag: 'string' } as const;

function parse(line: string): LedgerRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('what' in value)) return undefined;
  const wanted = Object.entries(FIELDS).find(([what]) => what === value.what)?.[1];
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const isWhole =
    wanted !== undefined &&
    Object.entries(wanted).every(([name, type]) => typeof fields[name] === type && fields[name] !== null) &&
    Object.entries(OPTIONAL).every(([name, type]) => fields[name] === undefined || typeof fields[name] === type);
  return isWhole ? (value as LedgerRecord) : undefined;
}
