import type { BytePath } from '../util/bytepath.ts';
import { statPath } from './stat.ts';

/** What a selection has to know about the root of the source; one that is not there counts as a directory. */
export function inspectRoot(
  root: BytePath,
  copyLinks: boolean,
): { readonly rootIsDirectory: boolean; readonly rootDevice: number } {
  const stats = statPath(root, copyLinks ? 'follow' : 'keep');
  return { rootIsDirectory: stats?.isDirectory() ?? true, rootDevice: stats?.dev ?? 0 };
}
