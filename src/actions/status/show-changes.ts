import type { FileChange } from '../../archive/manifest/manifest.ts';
import type { BackupChain } from '../../collections/chains.ts';
import {
  changesFrame,
  changesRow,
  fileHistoryText,
  type SetChange,
  shownName,
} from '../../collections/changes-text.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { UsageError } from '../../errors/errors.ts';
import { type BytePath, bytePath, fromText, ROOT } from '../../util/bytepath.ts';
import { decodeName } from '../../util/text/text.ts';
import { formatStamp } from '../../util/time.ts';
import { readJsonStatistics } from '../../repository/metadata/json-statistics.ts';
import type { Session } from '../session.ts';
import { openSetContents, type SetContents } from '../../repository/past/set-contents.ts';

/** Bytes of a table that are shown, and stand in a record, at once: as many rows as a set has changes do not fit in memory. */
const AT_ONCE = 1024 * 1024;

/** `--file-changed`: what the sets of the active chain say of one path, of several the first that they know. */
export async function showFileHistory(session: Session, chain: BackupChain, paths: readonly BytePath[]): Promise<void> {
  const changes = new Map(paths.map((path): [BytePath, SetChange[]] => [path, []]));
  for (const set of finished(chain)) {
    const contents = await openSetContents(session, set);
    const last = new Map<BytePath, FileChange>();
    try {
      await contents.each((change, changed) => {
        if (changes.has(changed)) last.set(changed, change);
      });
    } finally {
      contents.release();
    }
    for (const [path, change] of last) changes.get(path)?.push({ set, change });
  }
  const [path, known] = [...changes].find(([, found]) => found.length > 0) ?? [paths[0] ?? ROOT, []];
  session.emit({ kind: 'changes', text: fileHistoryText(path, known) });
}

/**
 * `--show-changes-in-set`: the changed files of a set, `index` back from the newest one of the active chain; a negative
 * one counts from the oldest. With `--jsonstat` as JSON, with the statistics, and -1 means all sets.
 */
export async function showChangesInSet(session: Session, chain: BackupChain, index: number): Promise<void> {
  const sets = finished(chain);
  if (session.settings.jsonstat) {
    await showAsJson(session, index === -1 ? sets : [setAt(sets, index)]);
    return;
  }
  const set = setAt(sets, index);
  const contents = await openSetContents(session, set);
  try {
    let count = 0;
    let width = 0;
    await contents.each((_change, path) => {
      count++;
      width = Math.max(width, shownName(path).length);
    });
    const { head, tail } = changesFrame(set, { count, width });
    const lines = gathered(session);
    for (const line of head) lines.add(line);
    await contents.each((change, path) => lines.add(changesRow(shownName(path), change, width)));
    lines.add(tail);
    lines.flush();
  } finally {
    contents.release();
  }
}

/** One object, a member for each set. Names are text; bytes that are not UTF-8 become surrogates, as Python has them. */
async function showAsJson(session: Session, sets: readonly BackupSet[]): Promise<void> {
  const lines = gathered(session);
  lines.add('{');
  for (const [i, set] of sets.entries()) {
    const statistics = await readJsonStatistics(session, set);
    lines.add(`    "${set.type}-${formatStamp(set.end)}": {`);
    lines.add(`        "json_stat": ${indented(JSON.stringify(statistics ?? null, undefined, 4), 8)},`);
    lines.add('        "files_changed": {');
    const contents = await openSetContents(session, set);
    try {
      await addMembers(contents, lines);
    } finally {
      contents.release();
    }
    lines.add('        }');
    lines.add(i === sets.length - 1 ? '    }' : '    },');
  }
  lines.add('}');
  lines.flush();
}

async function addMembers(contents: SetContents, lines: Lines): Promise<void> {
  let before: string | undefined;
  await contents.each((change, path) => {
    if (before !== undefined) lines.add(`${before},`);
    before = `            ${fromText(JSON.stringify(decodeName(path)))}: "${change}"`;
  });
  if (before !== undefined) lines.add(before);
}

interface Lines {
  add(latin1: string): void;
  flush(): void;
}

function gathered({ emit }: Session): Lines {
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

/** Oldest first. An unfinished set has no list yet. */
function finished(chain: BackupChain): readonly BackupSet[] {
  return chain.sets.filter(({ isPartial }) => !isPartial);
}

function setAt(sets: readonly BackupSet[], index: number): BackupSet {
  const set = sets.toReversed().at(index);
  if (set !== undefined) return set;
  const there = sets.length === 1 ? 'one set' : `${sets.length} sets`;
  throw new UsageError('COMMAND_LINE', `There is no backup set ${index}: the chain has ${there}.`, {
    hint: '--show-changes-in-set counts back from 0, the latest.',
  });
}

function indented(text: string, columns: number): string {
  return fromText(text.replaceAll('\n', `\n${' '.repeat(columns)}`));
}
