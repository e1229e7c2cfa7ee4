import type { ChangesOfSet } from '../../actions/status/changes.ts';
import type { Emit } from '../../events/events.ts';
import { bytePath, fromText } from '../../util/bytepath.ts';
import { decodeName } from '../../util/text/text.ts';
import { formatStamp } from '../../util/time.ts';
import { changesFrame, changesRow, shownName } from './changes-text.ts';

/** Bytes of a table that are shown, and stand in a record, at once: as many rows as a set has changes do not fit in memory. */
const AT_ONCE = 1024 * 1024;

/** The changed files of a set as a table, as wide as its longest name. */
export async function showChangesAsTable(emit: Emit, { set, each }: ChangesOfSet): Promise<void> {
  let count = 0;
  let width = 0;
  await each((_change, path) => {
    count++;
    width = Math.max(width, shownName(path).length);
  });
  const { head, tail } = changesFrame(set, { count, width });
  const lines = gathered(emit);
  for (const line of head) lines.add(line);
  await each((change, path) => lines.add(changesRow(shownName(path), change, width)));
  lines.add(tail);
  lines.flush();
}

/** One JSON object with a member for each set, which also holds its statistics. */
export interface ChangesAsJson {
  readonly add: (changes: ChangesOfSet) => Promise<void>;
  readonly end: () => void;
}

/** Names are text; bytes that are not UTF-8 become surrogates, as Python has them. */
export function changesAsJson(emit: Emit): ChangesAsJson {
  const lines = gathered(emit);
  let isFirst = true;
  lines.add('{');
  return {
    async add({ set, statistics, each }) {
      const stored = await statistics();
      if (!isFirst) lines.add('    },');
      isFirst = false;
      lines.add(`    "${set.type}-${formatStamp(set.end)}": {`);
      lines.add(`        "json_stat": ${indented(JSON.stringify(stored ?? null, undefined, 4), 8)},`);
      lines.add('        "files_changed": {');
      await addMembers(each, lines);
      lines.add('        }');
    },
    end() {
      if (!isFirst) lines.add('    }');
      lines.add('}');
      lines.flush();
    },
  };
}

async function addMembers(each: ChangesOfSet['each'], lines: Lines): Promise<void> {
  let before: string | undefined;
  await each((change, path) => {
    if (before !== undefined) lines.add(`${before},`);
    before = `            ${fromText(JSON.stringify(decodeName(path)))}: "${change}"`;
  });
  if (before !== undefined) lines.add(before);
}

interface Lines {
  add(latin1: string): void;
  flush(): void;
}

function gathered(emit: Emit): Lines {
  let lines: string[] = [];
  let size = 0;
  const flush = (): void => {
    if (lines.length > 0) emit({ kind: 'changes', text: bytePath(lines.join('\n')) });
    lines = [];
    size = 0;
  };
  return {
    add(line) {
      lines.push(line);
      size += line.length;
      if (size >= AT_ONCE) flush();
    },
    flush,
  };
}

function indented(text: string, columns: number): string {
  return fromText(text.replaceAll('\n', `\n${' '.repeat(columns)}`));
}
