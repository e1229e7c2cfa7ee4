import type { Entry, EntryStream } from '../../../archive/entry.ts';
import type { BackupSet } from '../../../collections/sets.ts';
import { BackendError, CryptoError, type DuplicityError, IntegrityError } from '../../../errors/errors.ts';
import type { Bounded } from '../../../pipeline/unpack/decoder-limit.ts';
import { openSetSignatures } from '../../../repository/metadata/open-signatures.ts';
import type { Repository } from '../../../repository/repository.ts';
import type { Soon } from '../../../util/soon.ts';
import type { LeftSet } from './find-sets.ts';

/** What is left of the signatures of a set: entries up to where they cannot be read. */
export interface LeftSignatures extends EntryStream {
  /** They are known as far as they have been read. */
  readonly isAlive: boolean;
}

interface LeftOptions {
  readonly bounded: Bounded | undefined;
  readonly onDamage: (name: string, set: BackupSet, error: DuplicityError) => void;
}

export function leftSignatures(
  repository: Repository,
  { set, signatures }: LeftSet,
  { bounded, onDamage }: LeftOptions,
): LeftSignatures {
  if (signatures === undefined) {
    return { isAlive: false, next: () => undefined, read: () => undefined, close: () => Promise.resolve() };
  }
  const { place, name } = signatures;
  const { type, start, end } = set;
  const file = { type, start, end, name, names: [name], encrypted: false, isPartial: false };
  const inner = openSetSignatures(repository, { place, file }, { isStrict: true, ...(bounded && { bounded }) });
  let isAlive = true;

  function next(): Soon<Entry | undefined> {
    if (!isAlive) return undefined;
    try {
      const entry = inner.next();
      return entry instanceof Promise ? entry.catch(giveUp) : entry;
    } catch (error) {
      return giveUp(error);
    }
  }

  function giveUp(error: unknown): undefined {
    const isAboutFile =
      error instanceof IntegrityError || error instanceof CryptoError || error instanceof BackendError;
    if (!isAboutFile) throw error;
    isAlive = false;
    onDamage(name, set, error);
    return undefined;
  }

  async function readLater(block: Promise<Buffer | undefined>): Promise<Buffer | undefined> {
    try {
      return await block;
    } catch (error) {
      return giveUp(error);
    }
  }

  return {
    get isAlive() {
      return isAlive;
    },
    next,
    read() {
      if (!isAlive) return undefined;
      try {
        const block = inner.read();
        return block instanceof Promise ? readLater(block) : block;
      } catch (error) {
        return giveUp(error);
      }
    },
    close: () => inner.close(),
  };
}
