import type { EpochSeconds } from '../util/time.ts';
import { byTime, type ListedFile, setKey } from './listing.ts';

/** The signatures of one set. */
export interface SignatureFile {
  readonly type: 'full' | 'inc';
  readonly start: EpochSeconds;
  readonly end: EpochSeconds;
  /** The file to read; of several for one set, a finished one. */
  readonly name: string;
  /** All files for this set. */
  readonly names: readonly string[];
  readonly encrypted: boolean;
  /** Unfinished; only in the archive dir. */
  readonly isPartial: boolean;
}

/** Full signatures and the new signatures after them, all in the archive dir or all on the remote. */
export interface SignatureChain {
  readonly place: 'local' | 'remote';
  /** The full signatures, then the new ones in order. */
  readonly files: readonly SignatureFile[];
  /** Those of sets beside the chain (see `BackupChain`). */
  readonly beside: readonly SignatureFile[];
  readonly start: EpochSeconds;
  readonly end: EpochSeconds;
}

export interface SignatureListing {
  /** By end time; a local chain after the remote one that ends with it. */
  readonly chains: readonly SignatureChain[];
  /** New signatures without a chain to join. */
  readonly orphaned: { readonly local: readonly string[]; readonly remote: readonly string[] };
}

interface SignatureRules {
  /** Unfinished files that do not count: they belong to no set that could be resumed. */
  readonly stale: readonly string[];
  /** Keys of the sets in chains. */
  readonly linked: ReadonlySet<string>;
  /** By the keys of sets beside a chain: the start of that. */
  readonly beside: ReadonlyMap<string, EpochSeconds>;
}

/**
 * Links signature files into chains. Of several on one parent that of the set in the chain is taken, as sets and
 * signatures must tell the same; then any other, as that of a set without manifest, which a run that dies between its
 * last two uploads leaves.
 */
export function assembleSignatureChains(
  remote: readonly ListedFile[],
  local: readonly ListedFile[],
  { stale, linked, beside }: SignatureRules,
): SignatureListing {
  const dropped = new Set(stale);
  const rank = (file: SignatureFile): number => (linked.has(setKey(file)) ? 0 : 1);
  const linkIn = (place: SignatureChain['place'], files: readonly ListedFile[]): ReturnType<typeof link> =>
    link(collectSignatures(files), { place, rank, ownerOf: (file) => beside.get(setKey(file)) });
  const there = linkIn(
    'remote',
    remote.filter((file) => !isPartial(file)),
  );
  const here = linkIn(
    'local',
    local.filter(({ name }) => !dropped.has(name)),
  );
  const place = (chain: SignatureChain): number => (chain.place === 'local' ? 1 : 0);
  return {
    chains: [...there.chains, ...here.chains].sort((a, b) => byTime(a, b) || place(a) - place(b)),
    orphaned: { local: here.orphaned, remote: there.orphaned },
  };
}

function link(
  files: readonly SignatureFile[],
  {
    place,
    rank,
    ownerOf,
  }: {
    readonly place: SignatureChain['place'];
    readonly rank: (file: SignatureFile) => number;
    readonly ownerOf: (file: SignatureFile) => EpochSeconds | undefined;
  },
): { readonly chains: readonly SignatureChain[]; readonly orphaned: readonly string[] } {
  const drafts = files
    .filter(({ type }) => type === 'full')
    .map((full) => ({ start: full.end, files: [full], beside: new Array<SignatureFile>() }));
  const orphaned: string[] = [];
  const incs = files
    .filter(({ type }) => type === 'inc')
    .sort((a, b) => a.start - b.start || rank(a) - rank(b) || a.end - b.end);
  for (const inc of incs) {
    const owner = ownerOf(inc);
    const draft = drafts.find(({ start, files }) =>
      owner === undefined ? files.at(-1)?.end === inc.start : start === owner,
    );
    if (draft === undefined) orphaned.push(...inc.names);
    else (owner === undefined ? draft.files : draft.beside).push(inc);
  }
  const chains = drafts.map(({ start, files, beside }) => ({
    place,
    files,
    beside,
    start,
    end: files.at(-1)?.end ?? start,
  }));
  return { chains, orphaned };
}

/** One record per set, by time. */
function collectSignatures(files: readonly ListedFile[]): readonly SignatureFile[] {
  const byKey = new Map<string, ListedFile[]>();
  for (const file of files) {
    if (file.kind !== 'signatures') continue;
    const key = setKey(file);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [file]);
    else same.push(file);
  }
  const signatures: SignatureFile[] = [];
  for (const same of byKey.values()) {
    const file = same.find((one) => !isPartial(one)) ?? same[0];
    if (file === undefined) continue;
    const { type, start, end, name, encrypted } = file;
    const names = [name, ...same.filter((one) => one !== file).map((one) => one.name)];
    signatures.push({ type, start, end, name, names, encrypted, isPartial: isPartial(file) });
  }
  return signatures.sort(byTime);
}

function isPartial(file: ListedFile): boolean {
  return file.kind !== 'volume' && file.partial;
}
