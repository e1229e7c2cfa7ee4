import { BEFORE } from '../../../archive/manifest/rehashed.ts';
import type { VolumeRecord } from '../../../archive/manifest/manifest.ts';
import { idOf, type SetId } from '../../../collections/sets.ts';
import type { Choosable } from '../choose-proofs.ts';
import type { FoundSet } from '../find/survey.ts';
import type { Memory, ProvenRecord } from '../memory.ts';
import { type PathRange, rangeOf, type Unproven } from '../report.ts';

export type Algorithm = 'SHA1' | 'MD5';

export interface ExpectedHash {
  readonly algorithm: Algorithm;
  /** In lower case. */
  readonly hex: string;
  /** Of the file before, which is right as well while a set is given other keys. */
  readonly before?: string | undefined;
}

/** A file on the remote that can be read and found right or wrong. */
export interface Provable extends Choosable {
  readonly file: string;
  /** Other files that claim to be the same. */
  readonly others: readonly string[];
  readonly set: SetId;
  readonly part: 'volume' | 'signatures';
  /** By the manifest; undefined for signatures, which are decoded instead. */
  readonly expected: ExpectedHash | undefined;
  /** By the manifest that was not believed, where there are two. */
  readonly doubted: ExpectedHash | undefined;
  /** Encrypted, and the key is at hand. */
  readonly wasOpened: boolean;
  /** Of signatures. */
  readonly localCopy: string | undefined;
  readonly lost: PathRange | undefined;
  readonly remembered: ProvenRecord | undefined;
}

interface ProvableOptions {
  readonly memory: Memory;
  readonly sizeOf: (name: string) => number | undefined;
  readonly canRead: (name: string) => boolean;
}

/** What a volume counts whose size is not listed: the usual one. */
const USUAL_BYTES = 200 * 1024 * 1024;

/** The files of a set that can be proven, and those that cannot. */
export function provableFiles(
  found: FoundSet,
  { memory, sizeOf, canRead }: ProvableOptions,
): { readonly provable: readonly Provable[]; readonly unproven: readonly Unproven[] } {
  const { set, manifest, other, signatures, localSignatures } = found;
  const id = idOf(set);
  const provable: Provable[] = [];
  const unproven: Unproven[] = [];
  const doubts = new Map(other?.volumes.map((record) => [record.number, record]));
  const records = new Map(manifest?.volumes.map((record) => [record.number, record]));
  for (const [number, [file = '', ...others]] of set.volumes) {
    const record = records.get(number);
    const doubted = doubts.get(number);
    // One that a whole manifest does not name is left from an attempt before.
    if (manifest !== undefined && record === undefined) continue;
    const expected = record && hashOf(record);
    if (expected === undefined) {
      unproven.push({ file, set: id, why: manifest === undefined ? 'needsKey' : 'noHash' });
      continue;
    }
    const remembered = recallSame(file, expected);
    provable.push({
      ...about(file, remembered, expected.hex),
      file,
      others,
      set: id,
      part: 'volume',
      expected,
      doubted: doubted && hashOf(doubted),
      wasOpened: false,
      localCopy: undefined,
      lost: record && rangeOf(record),
      remembered,
    });
  }
  const [file, ...others] = signatures;
  if (file !== undefined) {
    const remembered = memory.proven(file);
    if (!canRead(file) && remembered === undefined) unproven.push({ file, set: id, why: 'needsKey' });
    else {
      const wasOpened = canRead(file) && /\.(?:gpg|g)$/.test(file);
      const more = {
        file,
        others,
        set: id,
        part: 'signatures',
        remembered,
        wasOpened,
        localCopy: localSignatures,
      } as const;
      provable.push({ ...about(file, remembered), ...more, expected: undefined, doubted: undefined, lost: undefined });
    }
  }
  return { provable, unproven };

  /** A proof of other bytes than these is none. */
  function recallSame(name: string, { algorithm, hex }: ExpectedHash): ProvenRecord | undefined {
    const record = memory.proven(name);
    return algorithm === 'MD5' || record?.sha1 === hex ? record : undefined;
  }

  function about(name: string, remembered: ProvenRecord | undefined, sha1?: string): Choosable {
    const size = sizeOf(name);
    const made = (sha1 === undefined ? undefined : memory.madeAt(id, sha1)) ?? id.end;
    return {
      size: size ?? USUAL_BYTES,
      soundAt: remembered?.at ?? made,
      wasProven: remembered !== undefined,
      isSuspect: remembered?.size !== undefined && size !== undefined && remembered.size !== size,
    };
  }
}

function hashOf({ hashes }: VolumeRecord): ExpectedHash | undefined {
  for (const algorithm of ['SHA1', 'MD5'] as const) {
    const hex = hashes.get(algorithm)?.toLowerCase();
    if (hex !== undefined) return { algorithm, hex, before: hashes.get(BEFORE)?.toLowerCase() };
  }
  return undefined;
}
