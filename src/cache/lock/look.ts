import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type Life, lifeOf, parseHolder } from './lock-holder.ts';

/** Who has the archive dir at `directory`, as far as files tell. Nothing is locked. undefined: nobody. */
export function lookAtLock(directory: string): { readonly who: string; readonly life: Life } | undefined {
  for (const name of ['lockfile', 'lockfile.pid']) {
    const path = join(directory, name);
    if (!existsSync(path)) continue;
    const holder = parseHolder(readFileSync(path, 'utf8'));
    // The reference leaves its file behind, and says nothing in it.
    if (holder === undefined) continue;
    return { who: describe(holder, Date.now()), life: lifeOf(holder) };
  }
  return undefined;
}
