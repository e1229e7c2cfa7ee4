import type { Listed } from './listing.ts';
import { asctime } from './times.ts';

/** A line of `list-current-files`; its time as printed. */
export interface ListedFile {
  readonly path: string;
  readonly time: string;
}

/** A row of the tables in `collection-status`. */
export interface StatusRow {
  readonly type: 'Full' | 'Incremental';
  readonly time: string;
  readonly volumes: number;
}

/** Of every link in the golden trees: listings leave it out, the reference does not restore it. */
const LINK_TIME = 1_690_000_000;

const TIME = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}';

/** What `list-current-files` printed. Names may hold newlines: an entry ends where the next one or the output does. */
export function parseList(stdout: string): ListedFile[] {
  const entry = new RegExp(`^(${TIME}) (.*?)\\n(?=${TIME} |(?![^]))`, 'gmsu');
  return [...stdout.matchAll(entry)].map(([, time = '', path = '']) => ({ path, time }));
}

/** The same for a tree that is known. */
export function expectedList(tree: readonly Listed[]): ListedFile[] {
  return tree.map(({ path, mtime = LINK_TIME }) => ({ path, time: asctime(mtime) }));
}

export function parseStatus(stdout: string): StatusRow[] {
  const row = new RegExp(`^ +(Full|Incremental) +(${TIME}) +(\\d+)$`, 'gm');
  return [...stdout.matchAll(row)].map(([, type, time = '', volumes]) => ({
    type: type === 'Full' ? 'Full' : 'Incremental',
    time,
    volumes: Number(volumes),
  }));
}
