import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import type { Listed } from './listing.ts';
import { noise, treeOf } from './scene.ts';
import { timeOfSet } from './times.ts';

// Trees of few names and contents for properties of whole backups.

/** One object of a tree; a path that leads through something else than a directory is left out. */
type Node =
  | {
      readonly kind: 'file';
      readonly seed: number;
      readonly length: number;
      readonly edit: number;
      readonly mode: number;
    }
  | { readonly kind: 'dir'; readonly mode: number }
  | { readonly kind: 'link'; readonly to: string };

export type Tree = ReadonlyMap<string, Node>;

const component = fc.constantFrom('a', 'b', 'a b', 'a-', 'snapshot', '1', 'é', 'n'.repeat(120));
const path = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const length = fc.oneof(
  fc.constantFrom(0, 1, 511, 65_535, 65_536, 65_537, 131_072),
  fc.nat({ max: 3000 }),
  fc.nat({ max: 250_000 }),
);
const node: fc.Arbitrary<Node> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('file' as const),
      seed: fc.nat({ max: 3 }),
      length,
      edit: fc.nat({ max: 4 }),
      mode: fc.constantFrom(0o644, 0o600, 0o755),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('dir' as const), mode: fc.constantFrom(0o755, 0o700) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('link' as const), to: fc.constantFrom('a', '/nowhere', 'é') }),
  },
);
/** Few names and contents, so that the trees of several sets have much in common. */
export const tree: fc.Arbitrary<Tree> = fc
  .array(fc.tuple(path, node), { maxLength: 12 })
  .map((entries) => new Map(entries));

/** The content: some bytes of a seed, with something put in, taken out or written over. */
function contentOf({ seed, length, edit }: Extract<Node, { kind: 'file' }>): Buffer {
  const base = noise(length, seed + 1);
  const middle = length >> 1;
  switch (edit) {
    case 1:
      return Buffer.concat([base.subarray(0, middle), Buffer.from('put in'), base.subarray(middle)]);
    case 2:
      return Buffer.concat([base.subarray(0, middle), base.subarray(middle + 100)]);
    case 3:
      return Buffer.concat([base, base]);
    case 4:
      return base.fill('x', middle, Math.min(length, middle + 10));
    default:
      return base;
  }
}

/** Makes `dir` hold the tree. What differs from the tree before gets another time. */
export function materialise(dir: string, tree: Tree, before: Tree, k: number): Listed[] {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  const all = [...tree].toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  const made: [string, Node][] = [];
  for (const [path, node] of all) {
    const above = path.split('/').map((_part, i, parts) => parts.slice(0, i).join('/'));
    if (above.some((parent) => parent !== '' && (tree.get(parent)?.kind ?? 'dir') !== 'dir')) continue;
    make(`${dir}/${path}`, node);
    made.push([path, node]);
  }
  const changed = timeOfSet(k) - 60;
  for (const [path, node] of made.toReversed()) {
    if (node.kind === 'link') continue;
    const isSame = JSON.stringify(before.get(path)) === JSON.stringify(node);
    const time = isSame ? timeOfSet(0) - 3600 : changed;
    chmodSync(`${dir}/${path}`, node.mode);
    utimesSync(`${dir}/${path}`, time, time);
  }
  utimesSync(dir, changed, changed);
  return treeOf(dir);
}

function make(full: string, node: Node): void {
  mkdirSync(dirname(full), { recursive: true });
  if (node.kind === 'dir') mkdirSync(full, { recursive: true });
  else if (node.kind === 'link') symlinkSync(node.to, full);
  else writeFileSync(full, contentOf(node));
}

/** Settings of a backup. */
export const options = fc.record({
  volsize: fc.constantFrom(65_536, 100_000, 200_000, 1_000_000),
  noCompression: fc.boolean(),
  concurrency: fc.constantFrom(0, 1, 3),
  maxBlocksize: fc.constantFrom(512, 2048),
});
