import type { At } from './at.ts';

/** A step into a profile: a key, or the number of an element. */
export type Path = readonly (string | number)[];

/** A date or time of TOML, as written. */
export class Moment {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Scalar = string | number | bigint | boolean | Moment;

/** What a file says, with the place of each key and value. */
export type Tree = Table | List | Leaf;

export interface Table {
  readonly kind: 'table';
  readonly at: At;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  /** Of the key. */
  readonly at: At;
  readonly tree: Tree;
}

interface List {
  readonly kind: 'list';
  readonly at: At;
  readonly items: readonly Tree[];
}

interface Leaf {
  readonly kind: 'leaf';
  readonly at: At;
  readonly value: Scalar;
}

/** The values alone. Tables have no prototype: a key may be called anything. */
export function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case 'leaf':
      return tree.value;
    case 'list':
      return tree.items.map(plain);
    case 'table': {
      const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      for (const [key, { tree: value }] of tree.entries) values[key] = plain(value);
      return values;
    }
  }
}

/** What lies at a path, undefined when nothing does. */
export function treeAt(tree: Tree, path: Path): Tree | undefined {
  let here: Tree | undefined = tree;
  for (const step of path) {
    if (here?.kind === 'table') here = here.entries.get(String(step))?.tree;
    else if (here?.kind === 'list') here = here.items[Number(step)];
    else return undefined;
  }
  return here;
}

/** The place of the key at a path, of the value where it has none; of what is nearest above where nothing lies. */
export function keyPlace(tree: Tree, path: Path): At {
  for (let length = path.length; length > 0; length--) {
    const parent = treeAt(tree, path.slice(0, length - 1));
    const found =
      parent?.kind === 'table' ? parent.entries.get(String(path[length - 1])) : treeAt(tree, path.slice(0, length));
    if (found !== undefined) return found.at;
  }
  return tree.at;
}

/** The place of a value; of what is nearest above where nothing lies. */
export function valuePlace(tree: Tree, path: Path): At {
  return treeAt(tree, path)?.at ?? keyPlace(tree, path);
}

/** A path as people write it: `store.nas.url`, `include[2]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step + 1}]`;
    const key = /^[\w-]+$/.test(step) ? step : JSON.stringify(step);
    return text === '' ? key : `${text}.${key}`;
  }, '');
}
