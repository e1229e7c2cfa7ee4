import { randomBytes } from 'node:crypto';
import { parseName } from '../../archive/names/names.ts';
import type { LedgerRecord } from '../../cache/ledger.ts';
import type { Collection } from '../../collections/collection.ts';
import { asctime } from '../../util/time.ts';
import { counted } from '../../util/counted.ts';
import type { Repository } from '../repository.ts';
import { alarmText, turnedBack } from './alarm-text.ts';
import { compactLedger } from './compact.ts';
import { type Alarm, compareWithStore, isFresh, type ListedSet } from './compare.ts';
import { placeOf } from './history.ts';
import { confirmed, listedSets, readNewest } from './look.ts';
import { mergeOthers, publishLedger, readOthers } from './share.ts';
import type { Ledger } from './state.ts';

/**
 * Holds a place against what the ledger tells of it, once in a run, before anything is made to agree with it. What is not as
 * it was left is a warning, or with `--strict` the end. Then the ledger takes up what is there and not from here. True: it has
 * warned.
 */
export async function watchStore(repository: Repository, collection: Collection): Promise<boolean> {
  const { ledger, emit, dryRun } = repository;
  if (ledger === undefined || ledger.hasLooked) return false;
  ledger.hasLooked = true;
  await compactLedger(repository, ledger);
  const { history } = ledger;
  const there = listedSets(repository, collection);
  const isOther = findPlace(ledger, there);
  const heard = await hearOthers(repository, ledger, there);
  const place = isOther ? history.lastPlace : ledger.place;
  // What others have told may have made it a known one.
  const isUnknown = isOther && there.size > 0 && placeOf(history, idsOf(there)) === undefined;
  const { alarms: seeming, unknown } = compareWithStore(history, { place: place ?? '', there, now: ledger.now });
  const found = isUnknown && !ledger.strict ? [] : await confirmed(repository, seeming);
  const alarms =
    ledger.strict || ledger.isShared ? [...found, ...(await readNewest(repository, history, there))] : found;
  const records = [...heard, ...unknown.map((set) => seen(ledger, set))];
  if (ledger.forgetsMissing) records.push(...accepted(ledger, alarms, there));
  else if (alarms.length > 0 && ledger.strict) throw turnedBack(alarms);
  if (isUnknown && !ledger.strict) sayOtherPlace(repository, ledger);
  if (!dryRun) ledger.append(records);
  if (ledger.forgetsMissing && alarms.length > 0) {
    emit({ kind: 'notice', text: `Taken as meant: ${counted(alarms.length, 'change')} of the storage.` });
    if (!dryRun) await publishLedger(repository.backend, ledger, repository.call);
    return false;
  }
  if (alarms.length === 0) return false;
  emit({ kind: 'warning', text: alarmText(alarms) });
  return true;
}

/** Metadata that were fetched since and are not what was stored: a warning, or with `--strict` the end. */
export function watchFetched({ ledger, emit }: Repository): void {
  if (ledger === undefined || ledger.forgetsMissing) return;
  const alarms: Alarm[] = [];
  for (const [file, sha1] of ledger.fetched) {
    const parsed = parseName(file, { prefixes: ledger.prefixes });
    const set = parsed && ledger.history.find(parsed);
    if (set?.state !== 'alive' || set.files.get(file)?.sha1 === sha1) continue;
    alarms.push({ kind: 'changed', set, file, reason: 'its bytes are others' });
  }
  ledger.fetched.clear();
  if (alarms.length === 0) return;
  if (ledger.strict) throw turnedBack(alarms);
  emit({ kind: 'warning', text: alarmText(alarms) });
}

/** True: none of what is there is known, while other sets are, so that it is another place. */
function findPlace(ledger: Ledger, there: ReadonlyMap<string, ListedSet>): boolean {
  const { history } = ledger;
  const place = placeOf(history, idsOf(there));
  const isOther = place === undefined && [...history.sets].some(({ state }) => state === 'alive');
  ledger.place = isOther ? randomBytes(3).toString('hex') : (place ?? history.lastPlace ?? '');
  return isOther;
}

function idsOf(there: ReadonlyMap<string, ListedSet>): readonly ListedSet['id'][] {
  return [...there.values()].map(({ id }) => id);
}

/** What other machines tell; taken up at once, so that it counts for the comparison. Not yet written down. */
async function hearOthers(
  repository: Repository,
  ledger: Ledger,
  there: ReadonlyMap<string, ListedSet>,
): Promise<readonly LedgerRecord[]> {
  if (!ledger.isShared || ledger.others.length === 0) return [];
  const newest = Math.max(-Infinity, ...idsOf(there).map(({ end }) => end));
  const { records, removed } = mergeOthers(ledger, await readOthers(repository, ledger), newest);
  for (const record of records) ledger.history.apply(record);
  const gone = removed.flatMap((key) => ledger.history.find(key) ?? []).filter(({ key }) => !there.has(key));
  if (gone.length > 0) {
    const times = gone.map(({ id }) => asctime(id.end)).join(', ');
    repository.emit({ kind: 'notice', text: `Removed by another machine, as its ledger tells: ${times}.` });
  }
  return records;
}

/** The record of a set that is there; without sizes as long as these may change. */
function seen({ now, place }: Ledger, listed: ListedSet): LedgerRecord {
  const { key, files } = listed;
  const isOpen = isFresh(listed, now);
  const sizes = Object.fromEntries([...files].map(([name, size]) => [name, isOpen ? -1 : (size ?? -1)]));
  const mark = place !== undefined && place !== '' && { place };
  return { what: 'seen', at: now, set: key, files: sizes, ...mark };
}

/** What is there counts from now on. */
function accepted(
  ledger: Ledger,
  alarms: readonly Alarm[],
  there: ReadonlyMap<string, ListedSet>,
): readonly LedgerRecord[] {
  const keys = new Set(alarms.map(({ set }) => set.key));
  return [...keys].flatMap((key): LedgerRecord[] => {
    const listed = there.get(key);
    const forgotten: LedgerRecord = { what: 'forgotten', at: ledger.now, set: key };
    return listed === undefined ? [forgotten] : [forgotten, seen(ledger, listed)];
  });
}

function sayOtherPlace({ emit }: Repository, { history }: Ledger): void {
  const known = [...history.sets].filter(({ state }) => state === 'alive').length;
  const text = `None of the backup sets here is known, and ${counted(known, 'other')} of this name ${known === 1 ? 'is' : 'are'}: it counts as another place.`;
  emit({ kind: 'notice', text });
}
