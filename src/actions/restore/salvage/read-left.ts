import type { Entry } from '../../../archive/entry.ts';
import { type Meeting, mergeStreams } from '../../../archive/merge.ts';
import type { PieceStream } from '../../../archive/piece-stream.ts';
import type { CryptoError } from '../../../errors/errors.ts';
import { decoderLimit } from '../../../pipeline/unpack/decoder-limit.ts';
import { scratchPool } from '../../../pipeline/unpack/scratch.ts';
import type { Repository } from '../../../repository/repository.ts';
import { type BytePath, isWithin } from '../../../util/bytepath.ts';
import type { Soon } from '../../../util/soon.ts';
import type { LeftSet } from './find-sets.ts';
import { followPath, type Found, type Layer } from './follow-path.ts';
import { leftSignatures } from './left-signatures.ts';
import { openLeft } from './open-left.ts';
import type { Harm, Unknown } from './report.ts';

/** Chains of so many sets are read without looking at how much is open at once. */
const FEW_SETS = 8;

/** What is left of a path: an entry that stands in one stream, or what was put together of several sets. */
export type Left =
  | { readonly kind: 'entry'; readonly entry: Entry; readonly stream: PieceStream }
  | { readonly kind: 'found'; readonly path: BytePath; readonly found: Found };

/** What is left of a state, path by path. */
export interface LeftTree {
  next(): Soon<Left | undefined>;
  close(): Promise<void>;
  /** Of all that was read so far. */
  unknown(): readonly Unknown[];
  /** Paths of entries that stand out of order. */
  readonly unordered: readonly BytePath[];
  /** What the key said of a file that is damaged, or not for it. */
  readonly refusal: CryptoError | undefined;
}

/** Reads what is left of `wanted` in all sets at once. */
export async function openLeftTree(
  repository: Repository,
  sets: readonly LeftSet[],
  { wanted, onHarm }: { readonly wanted: BytePath; readonly onHarm: (harm: Harm) => void },
): Promise<LeftTree> {
  const { keys, spool, emit } = repository;
  const names = sets.flatMap(({ set, signatures }) => [...set.volumes.values()].flat().concat(signatures?.name ?? []));
  const codecOf = await keys.reader(names);
  const count = sets.length;
  const bounded = count > FEW_SETS ? decoderLimit(spool) : undefined;
  const makeScratch = scratchPool(spool);
  const unordered: BytePath[] = [];
  let refusal: CryptoError | undefined;
  let volumesRead = 0;
  const total = sets.reduce((sum, { set }) => sum + set.volumes.size, 0);
  const lefts = sets.map((left) =>
    openLeft(repository, left, {
      codecOf,
      wanted,
      bounded,
      onHarm,
      onUnordered: (path) => unordered.push(path),
      onVolume: () => emit({ kind: 'progress', current: ++volumesRead, total }),
      onRefused: (error) => (refusal ??= error),
    }),
  );
  const signatures = sets.map((left) =>
    leftSignatures(repository, left, {
      bounded,
      onDamage: (file, { type, start, end }, { message }) =>
        onHarm({ file, set: { type, start, end }, reason: message }),
    }),
  );
  const streams = lefts.map(({ stream }) => stream);
  const merged = mergeStreams([...streams, ...signatures]);

  function next(): Soon<Left | undefined> {
    for (;;) {
      const meeting = merged.next();
      if (meeting instanceof Promise) return nextLater(meeting);
      if (meeting === undefined) return undefined;
      const left = take(meeting);
      if (left instanceof Promise) return left.then((one) => one ?? nextLater(merged.next()));
      if (left !== undefined) return left;
    }
  }

  async function nextLater(first: Soon<Meeting | undefined>): Promise<Left | undefined> {
    for (let meeting = await first; meeting !== undefined; meeting = await merged.next()) {
      const left = await take(meeting);
      if (left !== undefined) return left;
    }
    return undefined;
  }

  /** undefined: there is nothing of it in that state. */
  function take(meeting: Meeting): Soon<Left | undefined> {
    const { path, holders } = meeting;
    if (!isWithin(path, wanted)) return undefined;
    const mayLack = lefts.some((left) => left.mayLack(path));
    if (mayLack) return follow(meeting);
    const stored = holders.filter((index) => index < count);
    const newest = stored.at(-1);
    if (newest === undefined) return undefined;
    const stream = streams[newest];
    const entry = merged.entryOf(newest);
    if (stream === undefined || entry.kind === 'diff' || !stream.isProven) return follow(meeting);
    if (entry.kind === 'deleted') return undefined;
    // Should it turn out not to be whole an earlier version may be.
    if (stream.isSplit && stored.length > 1) return follow(meeting);
    return { kind: 'entry', entry, stream };
  }

  async function follow({ path, holders }: Meeting): Promise<Left | undefined> {
    const held = new Set(holders);
    const layers = sets.map(({ set }, i): Layer => {
      const [left, signed, volumes] = [lefts[i], signatures[i], streams[i]];
      if (left === undefined || signed === undefined || volumes === undefined) throw new RangeError(`no set ${i}`);
      return {
        time: set.end,
        volumes,
        stored: held.has(i) ? merged.entryOf(i) : undefined,
        signed: held.has(count + i) ? merged.entryOf(count + i) : undefined,
        signatures: signed,
        isSigned: signed.isAlive,
        mayLack: left.mayLack(path),
      };
    });
    const found = await followPath(path, layers, makeScratch);
    return found && { kind: 'found', path, found };
  }

  return {
    next,
    close: () => merged.close(),
    unknown: () => lefts.flatMap((left, i) => (signatures[i]?.isAlive === true ? [] : left.unknown())),
    unordered,
    get refusal() {
      return refusal;
    },
  };
}
