import { readCheck } from './readable.ts';
import { reporter } from './report.ts';
import type { SourceEntry } from './source-entry.ts';
import { type Level, type Visit, visitName, visitRoot, type WalkOptions } from './visit.ts';

/**
 * The selected objects of a tree in index order, the root first. What cannot be read is reported and left out; only a
 * root that cannot be used throws (`LocalError`). In memory are the names of the directories on the way, nothing else.
 */
export function* walkSource(options: WalkOptions): Generator<SourceEntry, void, undefined> {
  const visit: Visit = {
    ...options,
    links: options.copyLinks ? 'follow' : 'keep',
    mayRead: readCheck(),
    report: reporter(options),
  };
  const root = visitRoot(visit);
  yield root.entry;
  const levels: Level[] = root.level === undefined ? [] : [root.level];
  // Scanned directories on the way that nothing below has justified yet.
  const held: SourceEntry[] = [];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const name = level.names[level.at++];
    if (name === undefined) {
      levels.pop();
      if (held.at(-1) === level.entry) held.pop();
      continue;
    }
    const found = visitName(visit, levels, name);
    if (found === undefined) continue;
    if (found.isScanned) {
      held.push(found.entry);
    } else {
      if (held.length > 0) yield* held.splice(0);
      yield found.entry;
    }
    if (found.level !== undefined) levels.push(found.level);
  }
}
