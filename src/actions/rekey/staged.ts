import type { Repository } from '../../repository/repository.ts';

/** Long names end in `.gpg` and short ones in `.g`; with the other ending a name counts as the same file. */
const LONG = /\.(?:difftar|manifest|sigtar|jsonstat)\.g(?:pg)?$/;

/** Beside a file what is to replace it, at a place where an upload that is cut off leaves half a file. */
export function isStaged(name: string): boolean {
  return name.endsWith(LONG.test(name) ? '.g' : '.gpg');
}

export function stagedName(name: string): string {
  return LONG.test(name) ? name.replace(/\.gpg$/, '.g') : name.replace(/\.g$/, '.gpg');
}

/** Replaces a file: at every moment the old or the new one is there whole, under its name or beside it. */
export async function replaceFile({ backend, remote, call }: Repository, name: string, path: string): Promise<void> {
  if (backend.traits.atomicPut) {
    await remote.put(name, path, { isSpare: true });
    return;
  }
  await remote.put(stagedName(name), path);
  await remote.put(name, path);
  await backend.delete(stagedName(name), call);
}
