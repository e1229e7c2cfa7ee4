import type { VolumeRecord } from '../../../archive/manifest/manifest.ts';
import { setsOf, wayTo } from '../../../collections/chains.ts';
import type { Collection } from '../../../collections/collection.ts';
import { setKey } from '../../../collections/listing.ts';
import { restorableSets } from '../../../collections/restorable.ts';
import type { BackupSet } from '../../../collections/sets.ts';
import { BackendError } from '../../../errors/errors.ts';
import { decoderLimit } from '../../../pipeline/unpack/decoder-limit.ts';
import { openSets } from '../../../pipeline/unpack/set-reader.ts';
import { openSetSignatures } from '../../../repository/metadata/open-signatures.ts';
import type { Repository } from '../../../repository/repository.ts';
import { type BytePath, comparePaths, ROOT, toScreen } from '../../../util/bytepath.ts';
import type { FoundSet, Survey } from '../find/survey.ts';
import { type Notebook, openNotebook } from '../memory.ts';
import { type Damage, type PathRange, rangeOf } from '../report.ts';
import { type Findings, gatherFindings } from './findings.ts';
import { type FollowedSet, followContents } from './follow-contents.ts';
import { tolerantStream } from './tolerant-stream.ts';
import { watchRanges } from './volume-ranges.ts';

export interface DeepProofs {
  readonly damage: readonly Damage[];
  /** Names of volumes that have been read and have the right hash. */
  readonly proven: ReadonlySet<string>;
}

/** Chains of so many sets are read without looking at how much is open at once. */
const FEW_SETS = 8;
/** So many files that cannot be fetched, one after the other, are no damage: the store fails. */
const FAILURES = 3;

/** Decodes whole chains and holds contents against signatures. */
export async function deepCheck(repository: Repository, survey: Survey): Promise<DeepProofs> {
  const findings = gatherFindings();
  const proven = new Set<string>();
  using notebook = openNotebook(repository.archiveDir);
  const known = new Map(survey.sets.map((found) => [setKey(found.set), found]));
  const judged = new Set<string>();
  for (const way of waysOf(survey.collection)) {
    const sets = readable(way, known);
    const fresh = sets.filter(({ set }) => !judged.has(setKey(set)));
    if (fresh.length === 0) continue;
    await followWay(repository, sets, { findings, proven, notebook, isFresh: (found) => fresh.includes(found) });
    for (const { set } of fresh) judged.add(setKey(set));
  }
  return { damage: findings.all(), proven };
}

/** The way to the end of each chain, then those to the sets beside it. */
function waysOf({ chains, ahead }: Collection): readonly (readonly BackupSet[])[] {
  return [...chains, ...ahead].flatMap((chain) => {
    const sets = restorableSets(chain);
    const beside = setsOf(chain).filter((set) => !sets.includes(set) && !set.isPartial);
    return [sets, ...beside.map((set) => wayTo(chain, set))];
  });
}

/** Up to the first set that cannot be decoded. */
function readable(way: readonly BackupSet[], known: ReadonlyMap<string, FoundSet>): readonly FoundSet[] {
  const sets: FoundSet[] = [];
  for (const set of way) {
    const found = known.get(setKey(set));
    if (found?.manifest === undefined) break;
    sets.push(found);
  }
  return sets;
}

interface WayOptions {
  readonly findings: Findings;
  readonly proven: Set<string>;
  readonly notebook: Notebook;
  /** What is found in the others was told before. */
  readonly isFresh: (found: FoundSet) => boolean;
}

async function followWay(repository: Repository, sets: readonly FoundSet[], options: WayOptions): Promise<void> {
  const { keys, remote, spool, prefixes, tries, call, emit, now } = repository;
  const { findings, proven, notebook, isFresh } = options;
  const plans = sets.map(({ set, manifest }) => ({
    set,
    records: manifest?.volumes.filter(({ number }) => set.volumes.has(number)) ?? [],
    wanted: ROOT,
  }));
  const names = plans.flatMap(({ set, records }) => records.flatMap(({ number }) => set.volumes.get(number) ?? []));
  const codecOf = await keys.reader([...names, ...sets.flatMap(({ signatures }) => signatures)]);
  const owners = new Map<string, { readonly found: FoundSet; readonly record: VolumeRecord }>();
  for (const [i, { set, records }] of plans.entries()) {
    const found = sets[i];
    if (found === undefined) continue;
    for (const record of records)
      for (const name of set.volumes.get(record.number) ?? []) owners.set(name, { found, record });
  }
  const lost = new Map<FoundSet, PathRange[]>(sets.map((found) => [found, missingRanges(found)]));
  const ranges = watchRanges();
  /** Volumes in which damage was met: how they end says nothing. */
  const broken = new Set<string>();
  const at = new Map<FoundSet, string>();
  let failures = 0;
  let done = 0;

  function report(found: FoundSet, part: Damage['part'], file: string, path: BytePath, what: string): void {
    // How a volume ends that was given up says nothing.
    if (part === 'volume') broken.add(file);
    if (isFresh(found)) findings.add({ set: found.set, part, place: 'remote', file, path, what });
  }

  const opened = openSets(plans, {
    remote,
    spool,
    codecOf,
    prefixes,
    signer: undefined,
    tries,
    ignoreErrors: true,
    emit,
    signal: call.signal,
    onMember(file, path, piece) {
      const owner = owners.get(file);
      if (owner !== undefined) at.set(owner.found, file);
      ranges.member(file, path, piece);
    },
    onWarning(warning) {
      const owner = owners.get(warning.file);
      if (owner === undefined || warning.kind !== 'unordered') return;
      report(
        owner.found,
        'volume',
        warning.file,
        warning.path,
        `stands behind ${toScreen(warning.previous)}, out of order`,
      );
    },
    onSkipped(error, record) {
      if (error instanceof BackendError && error.code !== 'BACKEND_NOT_FOUND' && ++failures >= FAILURES) throw error;
      const owner = [...owners.values()].find((one) => one.record === record);
      if (owner !== undefined) lost.get(owner.found)?.push(rangeOf(record));
    },
    onVolume({ name, isChecked }) {
      failures = 0;
      emit({ kind: 'progress', current: ++done, total: names.length });
      const owner = owners.get(name);
      if (owner === undefined) return;
      if (isChecked && !proven.has(name)) {
        proven.add(name);
        const size = remote.listedSizeOf(name);
        const sha1 = owner.record.hashes.get('SHA1')?.toLowerCase();
        if (sha1 !== undefined)
          notebook.note({ what: 'proven', at: now, sha1, file: name, ...(size !== undefined && { size }) });
      }
      const wrong = broken.has(name) ? undefined : ranges.judge(name, owner.record);
      if (wrong !== undefined)
        report(owner.found, 'manifest', owner.found.set.manifest ?? name, wrong.path, `in ${name} ${wrong.what}`);
    },
  });
  const bounded = sets.length > FEW_SETS ? decoderLimit(spool) : undefined;
  const followed = sets.map((found, i): FollowedSet => {
    const { set, signatures, localSignatures } = found;
    const ranges = lost.get(found) ?? [];
    const [name = localSignatures] = signatures;
    const place = signatures.length > 0 ? 'remote' : 'local';
    let isCut = false;
    const inner = opened.streams[i];
    if (inner === undefined) throw new RangeError(`no stream ${i}`);
    const nameOf = (part: 'volume' | 'signatures'): string =>
      part === 'volume' ? (at.get(found) ?? '') : (name ?? '');
    return {
      volumes: tolerantStream(inner, {
        goesOn: true,
        onDamage(error) {
          const file = at.get(found) ?? plans[i]?.set.volumes.get(1)?.[0] ?? '';
          broken.add(file);
          const record = owners.get(file)?.record;
          if (record !== undefined) ranges.push(rangeOf(record));
          report(
            found,
            'volume',
            file,
            record?.start.path ?? ROOT,
            `and what follows cannot be read: ${error.message.replace(/\.$/, '')}`,
          );
        },
      }),
      signatures:
        name === undefined
          ? undefined
          : tolerantStream(
              openSetSignatures(
                repository,
                {
                  place,
                  file: {
                    type: set.type,
                    start: set.start,
                    end: set.end,
                    name,
                    names: [name],
                    encrypted: false,
                    isPartial: false,
                  },
                },
                { isStrict: true, ...(bounded !== undefined && { bounded }) },
              ),
              // That they are damaged is found by itself.
              { goesOn: false, onDamage: () => (isCut = true) },
            ),
      mayLack: (path) => ranges.some(({ from, to }) => comparePaths(from, path) <= 0 && comparePaths(path, to) <= 0),
      areSignaturesCut: () => isCut,
      report: (part, path, what) => report(found, part, nameOf(part), path, what),
    };
  });
  try {
    await followContents(followed, spool);
  } finally {
    await opened.close();
  }
}

function missingRanges({ set, manifest }: FoundSet): PathRange[] {
  return manifest?.volumes.filter(({ number }) => !set.volumes.has(number)).map(rangeOf) ?? [];
}
