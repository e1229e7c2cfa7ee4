import { parseName, type Prefixes } from '../../archive/names/names.ts';
import type { LedgerRecord } from '../../cache/ledger.ts';
import { parseSetKey, setKey } from '../../collections/listing.ts';
import type { SetId } from '../../collections/sets.ts';
import type { EpochSeconds } from '../../util/time.ts';

/** What is known of a metadata file: bytes, and the hash of the file as it is stored. */
export interface KnownFile {
  readonly size: number | undefined;
  readonly sha1: string | undefined;
}

/** What ledgers tell of a set. */
export interface KnownSet {
  readonly id: SetId;
  readonly key: string;
  /** `begun`: no manifest of it was stored. `forgotten`: it is gone, or whatever is there, and that is meant so. */
  readonly state: 'begun' | 'alive' | 'removing' | 'removed' | 'forgotten';
  /** Since when. */
  readonly at: EpochSeconds;
  /** One of our machines has stored it. Of others it is not known who removes them. */
  readonly isOurs: boolean;
  readonly place: string;
  /** Manifests and signatures by name. */
  readonly files: ReadonlyMap<string, KnownFile>;
}

/** All that the records of a ledger tell, one after the other. */
export class History {
  readonly #sets = new Map<string, KnownSet>();
  readonly #isManifest: (name: string) => boolean;
  /** Where records were written last. */
  lastPlace: string | undefined;
  /** What this machine's ledger is called on remotes. */
  machine: string | undefined;

  constructor(prefixes: Prefixes, records: readonly LedgerRecord[] = []) {
    this.#isManifest = (name) => parseName(name, { prefixes })?.kind === 'manifest';
    for (const record of records) this.apply(record);
  }

  get sets(): Iterable<KnownSet> {
    return this.#sets.values();
  }

  find(set: SetId | string): KnownSet | undefined {
    return this.#sets.get(typeof set === 'string' ? set : setKey(set));
  }

  /** Whether somebody could ask for this set. */
  isAlive(set: SetId): boolean {
    return this.find(set)?.state === 'alive';
  }

  apply(record: LedgerRecord): void {
    if (record.what === 'machine') this.machine = record.id;
    if (record.what === 'machine' || record.what === 'proven' || record.what === 'copied') return;
    const id = parseSetKey(record.set);
    if (id === undefined) return;
    const before = this.#sets.get(record.set);
    const place = ('place' in record ? record.place : before?.place) ?? '';
    if ('place' in record && record.place !== undefined) this.lastPlace = record.place;
    this.#sets.set(record.set, { ...next(before, record, this.#isManifest), id, key: record.set, place });
  }
}

type SetRecord = Exclude<LedgerRecord, { readonly what: 'machine' | 'proven' | 'copied' }>;

function next(
  before: KnownSet | undefined,
  record: SetRecord,
  isManifest: (name: string) => boolean,
): Pick<KnownSet, 'state' | 'at' | 'isOurs' | 'files'> {
  const { at } = record;
  const files = before?.files ?? new Map<string, KnownFile>();
  switch (record.what) {
    case 'made':
      return { state: 'alive', at, isOurs: true, files };
    case 'seen':
      return { state: 'alive', at, isOurs: false, files: listedFiles(record.files, files) };
    case 'stored': {
      const isVisible = isManifest(record.file);
      // Of a set that is written anew nothing stays.
      const rest = before?.state === 'alive' || before?.state === 'begun' ? files : new Map<string, KnownFile>();
      return {
        state: isVisible ? 'alive' : before?.state === 'alive' ? 'alive' : 'begun',
        at,
        isOurs: isVisible || before?.isOurs === true,
        files: new Map([...rest, [record.file, { size: record.size, sha1: record.sha1 }]]),
      };
    }
    default:
      return { state: record.what, at, isOurs: before?.isOurs ?? false, files };
  }
}

/** A hash stays known as long as the size is the same. */
function listedFiles(
  sizes: Readonly<Record<string, number>>,
  known: ReadonlyMap<string, KnownFile>,
): ReadonlyMap<string, KnownFile> {
  return new Map(
    Object.entries(sizes).map(([name, listed]) => {
      const size = typeof listed === 'number' && listed >= 0 ? listed : undefined;
      const before = known.get(name);
      return [name, { size, sha1: before?.size === size ? before?.sha1 : undefined }];
    }),
  );
}

/**
 * Which of the places that take turns under a URL this is: that of the newest set which is there and known. undefined: none
 * of what is there is known.
 */
export function placeOf(history: History, there: Iterable<SetId>): string | undefined {
  let newest: KnownSet | undefined;
  for (const id of there) {
    const known = history.find(id);
    if (known !== undefined && known.state !== 'begun' && id.end >= (newest?.id.end ?? -Infinity)) newest = known;
  }
  return newest?.place;
}
