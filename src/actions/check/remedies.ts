import type { Damage } from './report.ts';

/** What can be done about damage. */
function remedyFor(damage: Pick<Damage, 'kind' | 'part' | 'place' | 'file'>, hasCopy = false): string {
  const { kind, part, place, file } = damage;
  if (kind === 'differs') {
    return 'One of the two is wrong: "check --deep" may tell which. Put the copy by before you delete it in the archive dir, where the next run fetches the other.';
  }
  if (place === 'local') return `Delete ${file} in the archive dir: the next run that needs it fetches it again.`;
  switch (part) {
    case 'volume':
      return 'Bring the file back from another copy of the store, or make a full backup now; "restore --salvage" rescues the rest.';
    case 'manifest':
      return hasCopy
        ? 'The archive dir has a sound copy: keep it, run no "cleanup", and bring the file back or make a full backup now.'
        : 'Bring the file back from another copy of the store, or make a full backup now.';
    case 'signatures':
      return hasCopy
        ? 'Restores do not need it, and backups go on with the copy in the archive dir; make a full backup before that is lost.'
        : 'Restores do not need it; the next backups do: make a full backup now.';
    case 'set':
      return 'Bring the set back from another copy of the store, or make a full backup now. If another machine has removed it on purpose, say so with "check --forget-missing"; if not, find out who deletes files there.';
  }
}

/** The same with the remedy. */
export function damageWith(damage: Omit<Damage, 'remedy'>, hasCopy?: boolean): Damage {
  return { ...damage, remedy: remedyFor(damage, hasCopy) };
}
