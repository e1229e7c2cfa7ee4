import type { Entry, Path, Table, Tree } from './tree.ts';

/** Tables whose keys are inherited one by one. All else, also `keep` and secrets, is one value that another replaces. */
const SECTIONS: ReadonlySet<string> = new Set([
  'keys',
  'options',
  'store',
  'full',
  'schedule',
  'guard',
  'checks',
  'notify',
  'metrics',
  'dump',
]);
const IN_STORE: ReadonlySet<string> = new Set(['options', 'env']);
/** Lists of defaults and profile one after the other. */
const APPENDED: ReadonlySet<string> = new Set(['exclude-add']);

function isSection(path: Path): boolean {
  const [first, , third] = path;
  if (path.length === 1) return SECTIONS.has(String(first));
  return first === 'store' && (path.length === 2 || (path.length === 3 && IN_STORE.has(String(third))));
}

/** What a profile says, and where it says nothing what the defaults say. Each keeps its place. */
export function inherit(own: Table, defaults: Table, path: Path = []): Table {
  const entries = new Map<string, Entry>(defaults.entries);
  for (const [key, entry] of own.entries) {
    const before = entries.get(key);
    entries.set(
      key,
      before === undefined ? entry : { at: entry.at, tree: joined(entry.tree, before.tree, [...path, key]) },
    );
  }
  return { kind: 'table', at: own.at, entries };
}

function joined(own: Tree, before: Tree, path: Path): Tree {
  if (own.kind === 'table' && before.kind === 'table' && isSection(path)) return inherit(own, before, path);
  if (own.kind === 'list' && before.kind === 'list' && path.length === 1 && APPENDED.has(String(path[0]))) {
    return { ...own, items: [...before.items, ...own.items] };
  }
  return own;
}
