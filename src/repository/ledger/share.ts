import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Backend, Call } from '../../backends/backend.ts';
import { type LedgerRecord, ledgerText, parseLedger } from '../../cache/ledger.ts';
import { parseSetKey } from '../../collections/listing.ts';
import { BackendError, IntegrityError } from '../../errors/errors.ts';
import type { Repository } from '../repository.ts';
import { History, type KnownSet } from './history.ts';
import type { Ledger } from './state.ts';

// With `--ledger` each machine keeps a file of its own on the remote, which tells the others what it has stored and
// removed: docs/format/archive-dir.md, Ledger on the remote.

/** So long, and of so many sets at most, others are told of a removal. */
const TOLD = { seconds: 400 * 86_400, sets: 2000 };

/** Bytes of the ledger of another machine: that of 2000 sets of ten files each has 5 MiB. */
const LONGEST = 64 * 1024 * 1024;

/** Clocks of two machines differ by less. */
const SKEW = 86_400;

/** Whether a name on the remote is that of a ledger. */
export function isSharedLedger(name: string, { prefixes }: Pick<Ledger, 'prefixes'>): boolean {
  return name.startsWith(prefixes.all) && /^ledger-[0-9a-f]{8}\.jsonl$/.test(name.slice(prefixes.all.length));
}

function nameOf(id: string, { prefixes }: Ledger): string {
  return `${prefixes.all}ledger-${id}.jsonl`;
}

/** Writes what this machine has done at the place to its file there. */
export async function publishLedger(backend: Backend, ledger: Ledger, call: Call): Promise<void> {
  if (!ledger.isShared) return;
  if (ledger.history.machine === undefined) {
    ledger.append([{ what: 'machine', at: ledger.now, id: randomBytes(4).toString('hex') }], true);
  }
  const bytes = Buffer.from(ledgerText(toldRecords(ledger)));
  const name = nameOf(ledger.history.machine ?? '', ledger);
  try {
    await backend.put(name, { size: bytes.length, open: () => once(bytes) }, call);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const text = `The ledger ${name} could not be written, and other machines do not hear of this run: ${error.message}`;
    ledger.emit({ kind: 'warning', text });
  }
}

/** Nothing that names and sizes on the remote, and the bytes there, do not tell as well. */
function toldRecords({ history, now, place = '' }: Ledger): readonly LedgerRecord[] {
  const here = [...history.sets].filter((set) => set.isOurs && set.place === place);
  const stored = here
    .filter(({ state }) => state === 'alive')
    .flatMap(({ key, at, files }) =>
      [...files].flatMap(([file, { size, sha1 }]): LedgerRecord[] =>
        size === undefined || sha1 === undefined ? [] : [{ what: 'stored', at, set: key, file, size, sha1 }],
      ),
    );
  const removed = [...history.sets]
    .filter((set) => set.place === place && isGone(set) && now - set.at < TOLD.seconds)
    .toSorted((a, b) => a.at - b.at)
    .slice(-TOLD.sets)
    .map(({ key, at }): LedgerRecord => ({ what: 'removed', at, set: key }));
  return [...stored, ...removed];
}

function isGone({ state }: KnownSet): boolean {
  return state === 'removing' || state === 'removed' || state === 'forgotten';
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** What the ledgers of other machines tell of the place. One that cannot be read tells nothing, with a warning. */
export async function readOthers(repository: Repository, ledger: Ledger): Promise<readonly LedgerRecord[]> {
  const { remote, emit, call } = repository;
  const own = nameOf(ledger.history.machine ?? '', ledger);
  const records: LedgerRecord[] = [];
  for (const name of ledger.others.filter((other) => other !== own)) {
    try {
      const file = await remote.fetch(name, call.signal);
      try {
        for (const record of parseLedger(textOf(file.path, name))) records.push(record);
      } finally {
        file.release();
      }
    } catch (error) {
      if (!(error instanceof BackendError || error instanceof IntegrityError)) throw error;
      emit({ kind: 'warning', text: `The ledger ${name} of another machine could not be read: ${error.message}` });
    }
  }
  return records;
}

/** Of a machine that writes one as long as that little is to be learned, and anybody can write such a file. */
function textOf(path: string, name: string): string {
  if (statSync(path).size > LONGEST) throw new IntegrityError('DAMAGED', `${name} is too long.`);
  return readFileSync(path, 'utf8');
}

interface Merged {
  /** To be added to the own ledger. */
  readonly records: readonly LedgerRecord[];
  /** Sets that this machine counted on, and that others have removed. */
  readonly removed: readonly string[];
}

/**
 * What is news to this machine. Anybody who can write there can write those ledgers, too: what this machine has stored
 * itself they cannot describe otherwise, and nobody has removed the newest set of all.
 */
export function mergeOthers(ledger: Ledger, others: readonly LedgerRecord[], newest: number): Merged {
  const { history, prefixes, place } = ledger;
  const told = new Map<string, { stored: LedgerRecord[]; storedAt: number; removedAt: number }>();
  for (const record of others) {
    if (record.what !== 'stored' && record.what !== 'removed') continue;
    const one = told.get(record.set) ?? { stored: [], storedAt: -Infinity, removedAt: -Infinity };
    if (record.what === 'removed') one.removedAt = Math.max(one.removedAt, record.at);
    else {
      one.stored.push({ ...record, ...(place !== undefined && place !== '' && { place }) });
      one.storedAt = Math.max(one.storedAt, record.at);
    }
    told.set(record.set, one);
  }
  const records: LedgerRecord[] = [];
  const removed: string[] = [];
  for (const [key, { stored, storedAt, removedAt }] of told) {
    const known = history.find(key);
    if (storedAt > removedAt) {
      const isTold = new History(prefixes, stored).find(key)?.state === 'alive';
      if (isTold && isNews(known, stored, storedAt)) for (const record of stored) records.push(record);
      continue;
    }
    const end = parseSetKey(key)?.end ?? Infinity;
    if (known?.state !== 'alive' || removedAt < known.at - SKEW || end > newest) continue;
    records.push({ what: 'removed', at: removedAt, set: key });
    removed.push(key);
  }
  return { records, removed };
}

function isNews(known: KnownSet | undefined, stored: readonly LedgerRecord[], at: number): boolean {
  if (known === undefined || known.state === 'begun') return true;
  if (known.state !== 'alive') return at > known.at;
  if (known.isOurs) return false;
  return stored.some((record) => record.what === 'stored' && known.files.get(record.file)?.sha1 !== record.sha1);
}
