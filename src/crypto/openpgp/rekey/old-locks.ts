import { UsageError } from '../../../errors/errors.ts';
import { keyIds } from '../../key-owners.ts';
import type { GpgSettings } from '../../gpg/settings.ts';

/** What is not to open files any more. */
export interface OldLocks {
  /** Ids of keys and sub-keys, 16 hexadecimal digits in capitals. */
  readonly keys: ReadonlySet<string>;
  readonly passphrase: boolean;
  readonly hidden: boolean;
  /** Everything that is not new. */
  readonly all: boolean;
}

const WORDS: readonly string[] = ['passphrase', 'hidden', 'all'];

/** Ids need not be in the key ring; names and fingerprints do. */
export async function resolveOld(settings: GpgSettings, drop: readonly string[]): Promise<OldLocks> {
  const keys = new Set<string>();
  for (const word of drop) {
    if (WORDS.includes(word)) continue;
    const found = await keyIds(settings, word);
    const id = /^(?:0x)?(?:[\da-f]{24})?([\da-f]{16})$/i.exec(word)?.[1]?.toUpperCase();
    if (id !== undefined) keys.add(id);
    for (const one of found) keys.add(one);
    if (found.length > 0 || id !== undefined) continue;
    throw new UsageError('COMMAND_LINE', `--drop: no key "${word}" is in the key ring.`, {
      hint: 'Name it by its 16 digits, as "recovery-kit" shows them, or write passphrase, hidden or all.',
    });
  }
  return {
    keys,
    passphrase: drop.includes('passphrase'),
    hidden: drop.includes('hidden'),
    all: drop.includes('all'),
  };
}
