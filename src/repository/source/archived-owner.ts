import type { Metadata } from '../../archive/entry.ts';
import type { Session } from '../session.ts';

/** The numbers on this machine for the owner an archive names: by name where that exists here, else as archived. */
export function archivedOwner(
  { accounts, settings }: Pick<Session, 'accounts' | 'settings'>,
  { uid, gid, uname, gname }: Metadata,
): { readonly uid: number; readonly gid: number } {
  if (settings.numericOwner) return { uid, gid };
  return {
    uid: accounts.userId(uname) ?? uid,
    gid: accounts.groupId(gname) ?? gid,
  };
}
