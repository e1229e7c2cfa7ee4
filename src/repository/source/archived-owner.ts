import type { Metadata } from '../../archive/entry.ts';
import type { Accounts } from '../../source/accounts.ts';

/** The numbers on this machine for the owner an archive names: by name where that exists here, else as archived. */
export function archivedOwner(
  { accounts, numericOwner }: { readonly accounts: Accounts; readonly numericOwner: boolean },
  { uid, gid, uname, gname }: Metadata,
): { readonly uid: number; readonly gid: number } {
  if (numericOwner) return { uid, gid };
  return {
    uid: accounts.userId(uname) ?? uid,
    gid: accounts.groupId(gname) ?? gid,
  };
}
