import type { Manifest, VolumeRecord } from '../../../archive/manifest/manifest.ts';
import { formatName, type Prefixes } from '../../../archive/names/names.ts';
import type { ListedFile } from '../../../collections/listing.ts';
import { type BackupSet, idOf, type SetId } from '../../../collections/sets.ts';
import { counted } from '../../../util/counted.ts';
import { damageWith } from '../remedies.ts';
import { type Damage, rangeOf } from '../report.ts';

interface NamesOptions {
  /** undefined: it cannot be read. */
  readonly manifest: Manifest | undefined;
  readonly prefixes: Prefixes;
  readonly sizeOf: (name: string) => number | undefined;
}

/** Anybody can give a file the number of a volume that never was. */
const MOST_OF_A_GAP = 1000;

/** Volumes that a set visibly lacks, and files of it that are too short to be anything. */
export function lackingFiles(set: BackupSet, { manifest, prefixes, sizeOf }: NamesOptions): readonly Damage[] {
  const records = new Map(manifest?.volumes.map((record) => [record.number, record]));
  const damage = set.unusable.map((file) => tooShort(set, file, records.get(numberOf(file)), sizeOf(file.name)));
  const short = new Set(set.unusable.map(numberOf));
  for (const number of manifest === undefined ? numbersUpTo(set) : records.keys()) {
    if (set.volumes.has(number) || short.has(number)) continue;
    damage.push(missingVolume(set, number, records.get(number), prefixes));
  }
  return damage;
}

/** Without the manifest: those before the last that is there, and the first of all. Not all of a gap that has no end. */
function* numbersUpTo({ volumes }: BackupSet): Generator<number> {
  let last = 1;
  for (const number of volumes.keys()) last = Math.max(last, number);
  const most = volumes.size + MOST_OF_A_GAP;
  for (let number = 1; number <= Math.min(last, most); number++) yield number;
}

function numberOf(file: ListedFile): number {
  return file.kind === 'volume' ? file.volume : 0;
}

function tooShort(set: BackupSet, { kind, name }: ListedFile, record: VolumeRecord | undefined, size = 0): Damage {
  const part = kind === 'volume' || kind === 'manifest' ? kind : 'signatures';
  const reason = `It is there by name only: it has ${counted(size, 'byte')}.`;
  const about = { kind: 'changed', part, place: 'remote', file: name, set: idOf(set), reason } as const;
  return damageWith(
    { ...about, lost: record && rangeOf(record) },
    part === 'manifest' && set.localManifest !== undefined,
  );
}

function missingVolume(set: BackupSet, number: number, record: VolumeRecord | undefined, prefixes: Prefixes): Damage {
  const named = { ...idOf(set), kind: 'volume', volume: number, ...encodingOf(set) } as const;
  const reason =
    record === undefined
      ? 'It is not there, and volumes behind it are.'
      : 'The manifest names it, and it is not there.';
  const file = formatName(named, prefixes);
  return damageWith({
    kind: 'missing',
    part: 'volume',
    place: 'remote',
    file,
    set: idOf(set),
    reason,
    lost: record && rangeOf(record),
  });
}

/** As it would be called, judging by the other files of the set. */
export function nameOfMetadata(kind: 'manifest' | 'signatures', set: BackupSet, prefixes: Prefixes): string {
  const { encrypted, compressed } = encodingOf(set);
  const isCompressed = kind === 'signatures' && compressed;
  return formatName({ ...idOf(set), kind, partial: false, encrypted, compressed: isCompressed }, prefixes);
}

/** A set of which nothing is there. */
export function nameOfLostSet(set: SetId, prefixes: Prefixes): string {
  return formatName({ ...idOf(set), kind: 'manifest', partial: false, encrypted: false, compressed: false }, prefixes);
}

function encodingOf(set: BackupSet): { readonly encrypted: boolean; readonly compressed: boolean } {
  const [first] = set.volumes.values();
  const isPlain = first?.[0]?.endsWith('.difftar') === true;
  return { encrypted: set.encrypted, compressed: !set.encrypted && !isPlain };
}
