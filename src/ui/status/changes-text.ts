import type { FileHistory } from '../../actions/status/changes.ts';
import { quote } from '../../archive/manifest/quoting.ts';
import type { SetId } from '../../collections/sets.ts';
import { type BytePath, bytePath } from '../../util/bytepath.ts';
import { decodeName, encodeName } from '../../util/text/text.ts';
import { asctime } from '../../util/time.ts';

// What `collection-status` prints for `--file-changed` and `--show-changes-in-set`, as bytes: names come out as they are.
// The layout is the reference's; test/interop/status.test.ts compares.

const RULE = '-'.repeat(25);
const LAST_COLUMN = 'Type of file change:';

/** The sets in which a file was new, changed or deleted, oldest first. */
export function fileHistoryText({ path, changes }: FileHistory): BytePath {
  const rows = changes.map(({ set, change }) =>
    // The reference shows `b'New'`.
    historyRow(set.type === 'full' ? 'Full' : 'Incremental', asctime(set.end), capitalised(change)),
  );
  return bytePath(
    [
      RULE,
      `File: ${path}`,
      `Total number of backup: ${changes.length}`,
      historyRow('Type of backup set:', 'Time:', LAST_COLUMN),
      ...rows,
      RULE,
    ].join('\n'),
  );
}

/** A name as a table of changes shows it: like in a manifest. */
export function shownName(path: BytePath): string {
  return quote(path);
}

/** The lines around the rows of a table of changes; `width` is the length of the longest name, in bytes. */
export function changesFrame(
  set: SetId,
  { count, width }: { readonly count: number; readonly width: number },
): { readonly head: readonly string[]; readonly tail: string } {
  return {
    head: [
      RULE,
      ` Backup set time: ${asctime(set.end)}`,
      `Total number of changes: ${count}`,
      changesRow('File:', LAST_COLUMN, width),
    ],
    tail: RULE,
  };
}

/** The reference takes the width from bytes and fills up by characters. */
export function changesRow(name: string, change: string, width: number): string {
  const text = decodeName(name);
  const columns = Math.max(width, 'File:'.length);
  return `${encodeName(text)}${' '.repeat(Math.max(0, columns - Array.from(text).length))}  ${change.padStart(20)}`;
}

function historyRow(type: string, time: string, change: string): string {
  return `${type.padStart(20)}   ${time.padStart(30)}  ${change.padStart(20)}`;
}

function capitalised(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
