import type { Entry, EntryKind } from './entry.ts';
import { memberPath, unknownMember } from './member-path.ts';
import type { TarMember } from './tar/tar-reader.ts';

/** A member of a difftar. `piece` counts from 1; 0: the entry is not split. */
export interface DifftarMember extends Entry {
  readonly piece: number;
  readonly size: number;
}

/** Whether a member is a further piece of an entry. */
export function continues(entry: DifftarMember, member: DifftarMember): boolean {
  return member.piece > 0 && entry.piece > 0 && member.path === entry.path && member.kind === entry.kind;
}

/** What a member of the tar says. */
export function parseMember({ name, meta, size }: TarMember, label: string): DifftarMember {
  if (name.startsWith('snapshot/')) return whole('snapshot', 9);
  if (name.startsWith('diff/')) return whole('diff', 5);
  if (name.startsWith('deleted/')) return whole('deleted', 8);
  if (name.startsWith('multivol_snapshot/')) return split('snapshot', 18);
  if (name.startsWith('multivol_diff/')) return split('diff', 14);
  throw unknownMember(name, label);

  function whole(kind: EntryKind, start: number): DifftarMember {
    if (kind === 'diff' && meta.type !== 'reg') throw unknownMember(name, label);
    return { kind, path: memberPath(name, start, name.length, label), meta, piece: 0, size };
  }

  function split(kind: EntryKind, start: number): DifftarMember {
    const slash = name.lastIndexOf('/');
    const digits = name.slice(slash + 1);
    if (slash < start || !/^[1-9]\d{0,14}$/.test(digits) || meta.type !== 'reg') throw unknownMember(name, label);
    return { kind, path: memberPath(name, start, slash, label), meta, piece: Number(digits), size };
  }
}
