import type { Entry, EntryStream } from '../../../archive/entry.ts';
import { mergeStreams, type Meeting } from '../../../archive/merge.ts';
import { IntegrityError } from '../../../errors/errors.ts';
import { applyDelta, drain } from '../../../pipeline/unpack/rebuild.ts';
import { type Scratch, scratchPool } from '../../../pipeline/unpack/scratch.ts';
import type { Spool } from '../../../pipeline/spool.ts';
import { type BytePath, shown } from '../../../util/bytepath.ts';
import { fitsSignature } from './check-signature.ts';

/** The streams of one set. */
export interface FollowedSet {
  readonly volumes: EntryStream;
  /** undefined: there are none to compare with. */
  readonly signatures: EntryStream | undefined;
  /** Whether something was lost that could have held this path. */
  mayLack(path: BytePath): boolean;
  /** The signatures are not known to their end. */
  areSignaturesCut(): boolean;
  /** Something is wrong with what the volumes, or the signatures, hold of a path. */
  readonly report: (part: 'volume' | 'signatures', path: BytePath, what: string) => void;
}

/** What a path is between two sets: `lost` is not known any more. */
type State = Scratch | 'none' | 'other' | 'lost';

/**
 * Builds the content of every path set by set, and holds each state against the signature that the set has of it. Each
 * set is read once.
 */
export async function followContents(sets: readonly FollowedSet[], spool: Spool): Promise<void> {
  const count = sets.length;
  const streams = [...sets.map(({ volumes }) => volumes), ...sets.map(({ signatures }) => signatures ?? NOTHING)];
  const merged = mergeStreams(streams);
  const makeScratch = scratchPool(spool);
  try {
    for (;;) {
      const next = merged.next();
      const meeting: Meeting | undefined = next instanceof Promise ? await next : next;
      if (meeting === undefined) return;
      await follow(meeting);
    }
  } finally {
    await merged.close();
  }

  async function follow({ path, holders }: Meeting): Promise<void> {
    const held = new Set(holders);
    let state: State = 'none';
    try {
      for (const [i, set] of sets.entries()) {
        const stored = held.has(i) ? merged.entryOf(i) : undefined;
        const signed = held.has(count + i) ? merged.entryOf(count + i) : undefined;
        if (stored === undefined && signed === undefined) {
          if (set.signatures === undefined || set.areSignaturesCut()) state = set.mayLack(path) ? forget(state) : state;
          continue;
        }
        if (stored === undefined) {
          if (!set.mayLack(path)) set.report('signatures', path, 'is in the signatures, and in no volume');
          state = forget(state);
          continue;
        }
        state = await stateAfter(state, stored, { index: i, set });
        if (set.signatures === undefined) continue;
        if (signed === undefined) {
          if (!set.areSignaturesCut()) set.report('signatures', path, 'is in a volume, and not in the signatures');
        } else await compare(state, { stored, signed, index: i, set });
      }
    } finally {
      forget(state);
    }
  }

  async function stateAfter(before: State, { kind, path, meta }: Entry, { index, set }: Place): Promise<State> {
    if (kind === 'deleted') {
      forget(before);
      return 'none';
    }
    const stream = streams[index] ?? NOTHING;
    if (kind === 'snapshot') {
      forget(before);
      if (meta.type !== 'reg') return 'other';
      return await filled(set, path, (after) => drain(stream, (block) => after.append(block)));
    }
    if (before === 'lost') return before;
    if (typeof before === 'string') {
      set.report('volume', path, 'is a delta, and there is no content that it belongs to');
      return 'lost';
    }
    try {
      const take = (after: Scratch): Promise<void> =>
        applyDelta(stream, before, (block) => after.append(block), shown(path));
      return await filled(set, path, take);
    } finally {
      before.dispose();
    }
  }

  async function filled(set: FollowedSet, path: BytePath, fill: (after: Scratch) => unknown): Promise<State> {
    const after = makeScratch();
    try {
      await fill(after);
      return after;
    } catch (error) {
      after.dispose();
      if (!(error instanceof IntegrityError)) throw error;
      if (!set.mayLack(path)) set.report('volume', path, `cannot be read: ${error.message.replace(/\.$/, '')}`);
      return 'lost';
    }
  }

  async function compare(state: State, { stored, signed, index, set }: Compared): Promise<void> {
    const { path } = stored;
    const isDeleted = stored.kind === 'deleted';
    if (isDeleted || signed.kind === 'deleted') {
      if (isDeleted !== (signed.kind === 'deleted'))
        set.report('signatures', path, 'is deleted by one of the two only');
      return;
    }
    if (stored.meta.type !== signed.meta.type || stored.meta.mtime !== signed.meta.mtime) {
      set.report('signatures', path, 'is something else, or of another time, than in the volumes');
      return;
    }
    if (typeof state === 'string') return;
    if ((await fitsSignature(state, () => merged.read(count + index))) || set.areSignaturesCut()) return;
    set.report('signatures', path, 'has another signature than its content');
  }
}

interface Place {
  readonly index: number;
  readonly set: FollowedSet;
}

interface Compared extends Place {
  readonly stored: Entry;
  readonly signed: Entry;
}

/** What is not known any more needs no room. */
function forget(state: State): State {
  if (typeof state !== 'string') state.dispose();
  return 'lost';
}

const NOTHING: EntryStream = { next: () => undefined, read: () => undefined, close: () => Promise.resolve() };
