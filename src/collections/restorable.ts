import type { BackupChain } from './chains.ts';
import type { BackupSet } from './sets.ts';

/** The sets of a chain that can be restored: all up to an interrupted one, a discarded one included. */
export function restorableSets(chain: BackupChain): readonly BackupSet[] {
  const sets = chain.discarded === undefined ? chain.sets : [...chain.sets, chain.discarded];
  const cut = sets.findIndex(({ isPartial }) => isPartial);
  return cut < 0 ? sets : sets.slice(0, cut);
}

/** The finished sets beside a chain. */
export function restorableBeside({ full, beside }: BackupChain): readonly BackupSet[] {
  return full.isPartial ? [] : beside.filter(({ isPartial }) => !isPartial);
}
