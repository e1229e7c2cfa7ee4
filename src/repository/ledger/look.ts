import { parseName } from '../../archive/names/names.ts';
import { setKey } from '../../collections/listing.ts';
import type { Collection } from '../../collections/collection.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Repository } from '../repository.ts';
import type { Alarm, ListedSet } from './compare.ts';
import type { History } from './history.ts';

/** So many are asked for one by one. */
const ASKED = 50;
/** Before a listing that seems to lack something is asked for again. */
const PAUSE_MS = 2000;
/** Signatures larger than this are not read for it, only their size counts. */
const READ = 16 * 1024 * 1024;

interface Draft extends Pick<ListedSet, 'id'> {
  readonly files: Map<string, number | undefined>;
  readonly manifests: string[];
}

/** The finished sets that are there, by key. */
export function listedSets({ remote }: Repository, { remote: files }: Collection): ReadonlyMap<string, ListedSet> {
  const sets = new Map<string, Draft>();
  for (const file of files) {
    if ((file.kind !== 'manifest' && file.kind !== 'signatures') || file.partial) continue;
    const { type, start, end, name } = file;
    const set: Draft = sets.get(setKey(file)) ?? { id: { type, start, end }, files: new Map(), manifests: [] };
    sets.set(setKey(file), set);
    set.files.set(name, remote.listedSizeOf(name));
    if (file.kind === 'manifest') set.manifests.push(name);
  }
  const finished = [...sets].filter(([, { manifests }]) => manifests.length > 0);
  return new Map(finished.map(([key, set]) => [key, { ...set, key }]));
}

/** The alarms that stand when the store is asked for each file: listings can be late. */
export async function confirmed(repository: Repository, alarms: readonly Alarm[]): Promise<readonly Alarm[]> {
  const { backend, call, remote, tries, prefixes } = repository;
  const isLate = new Set<Alarm>();
  const manifestsOf = ({ set }: Alarm): readonly string[] =>
    [...set.files.keys()].filter((name) => parseName(name, { prefixes })?.kind === 'manifest');
  if (alarms.length === 0 || remote.isLocal) return alarms;
  for (const alarm of alarms.slice(0, ASKED)) {
    if (backend.stat === undefined) break;
    if (alarm.kind === 'back') continue;
    const names = alarm.kind === 'changed' ? [alarm.file] : manifestsOf(alarm);
    for (const name of names) {
      const file = await backend.stat(name, call);
      if (file === undefined) continue;
      if (alarm.kind === 'vanished' || alarm.set.files.get(name)?.size === file.size) isLate.add(alarm);
    }
  }
  const rest = alarms.filter((alarm) => !isLate.has(alarm));
  const doubtful = rest.filter(({ kind }) => kind === 'vanished');
  if (doubtful.length === 0 || (backend.stat !== undefined && backend.traits.consistentList)) return rest;
  if (tries > 1) await sleep(PAUSE_MS, undefined, { signal: call.signal });
  const there = new Set<string>();
  for await (const { name } of backend.list(call)) there.add(name);
  return rest.filter((alarm) => alarm.kind !== 'vanished' || !manifestsOf(alarm).some((name) => there.has(name)));
}

/** Metadata of the newest set, read and held against their hashes. */
export async function readNewest(
  { remote, call }: Repository,
  history: History,
  there: ReadonlyMap<string, ListedSet>,
): Promise<readonly Alarm[]> {
  const [newest] = [...there.values()].toSorted((a, b) => b.id.end - a.id.end || b.id.start - a.id.start);
  const set = newest && history.find(newest.key);
  if (newest === undefined || set?.state !== 'alive') return [];
  const alarms: Alarm[] = [];
  for (const [file, size] of newest.files) {
    const known = set.files.get(file);
    if (known?.sha1 === undefined || (size !== undefined && (size > READ || size !== known.size))) continue;
    const fetched = await remote.fetch(file, call.signal, 'SHA1');
    const isSame = fetched.hash('SHA1') === known.sha1;
    fetched.release();
    if (!isSame) alarms.push({ kind: 'changed', set, file, reason: 'its bytes are others' });
  }
  return alarms;
}
