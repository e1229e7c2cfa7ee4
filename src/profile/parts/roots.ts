import { endsInside } from '../../cli/words/canonical-path.ts';
import type { Problem } from '../file/at.ts';
import { type Path, pathText, type Table, valuePlace } from '../file/tree.ts';
import type { PathValue } from '../schema/values.ts';
import type { Surroundings } from '../../cli/surroundings.ts';
import { components, pathWord, unknownVariable } from './paths.ts';

export interface Roots {
  /** The directory that is backed up, as a word of the command line. */
  readonly source: string;
  /** What is wanted of it, each with its place in the list; nothing when that is all of it. */
  readonly includes: readonly { readonly path: string; readonly at: Path }[];
}

interface Given {
  readonly include?: readonly PathValue[] | undefined;
  readonly root?: string | undefined;
}

/** The deepest directory that holds all that is to be included, if `root` names no other. */
export function rootsOf(
  { include = [], root }: Given,
  tree: Table,
  around: Surroundings,
  complain: (problem: Problem) => void,
): Roots {
  const given = include.flatMap((value, i) => {
    const at: Path = ['include', i];
    const path = absolute(value, at, tree, around, complain);
    return path === undefined ? [] : [{ path, at }];
  });
  const top = root === undefined ? undefined : absolute(root, ['root'], tree, around, complain);
  const parts = given.map(({ path }) => components(path));
  const common = top === undefined ? commonBeginning(parts) : components(top);
  for (const [i, one] of parts.entries()) {
    const { path, at } = given[i] ?? { path: '', at: [] };
    if (!common.every((part, k) => one[k] === part)) {
      complain({ at: valuePlace(tree, at), text: `${pathText(at)} "${path}" does not lie in root "${top ?? ''}".` });
    }
  }
  const whole = given.filter((_one, i) => parts[i]?.length === common.length);
  const through = whole.some(({ path }) => endsInside(path)) || (top !== undefined && endsInside(top));
  const source = `/${common.join('/')}${through && common.length > 0 ? '/' : ''}`;
  const includes = given.map(({ at }, i) => ({ path: `/${(parts[i] ?? []).join('/')}`, at }));
  return { source, includes: whole.length > 0 ? [] : includes };
}

function absolute(
  value: PathValue,
  at: Path,
  tree: Table,
  around: Surroundings,
  complain: (problem: Problem) => void,
): string | undefined {
  const path = pathWord(value, around);
  const refuse = (text: string, hint?: string): undefined =>
    complain({
      at: valuePlace(tree, at),
      text: `${pathText(at)} "${typeof value === 'string' ? value : '(base64)'}" ${text}`,
      hint,
    }) as undefined;
  const variable = typeof value === 'string' ? unknownVariable(path) : undefined;
  if (variable !== undefined)
    return refuse(
      `needs ${variable}, which is not set.`,
      'Runs by cron and systemd have few variables: write the path.',
    );
  if (path.startsWith('~'))
    return refuse('has no meaning: there is no such home directory.', 'Write the path, or set HOME.');
  if (!path.startsWith('/')) {
    return refuse('is no absolute path.', 'Runs may start in any directory: write it with a / or ~/ in front.');
  }
  if (components(path).includes('..')) return refuse('holds "..".', 'Write the directory that is meant.');
  if (/\0/.test(path)) return refuse('holds a zero byte.');
  if (typeof value === 'string' && /[*?]/.test(path)) {
    return refuse(
      'is a pattern.',
      'include takes paths. Patterns stand in select: ["+ /home/*/docs", "- **"], where [*] is a star.',
    );
  }
  return path;
}

function commonBeginning([first = [], ...others]: readonly (readonly string[])[]): readonly string[] {
  const length = first.findIndex((part, k) => others.some((other) => other[k] !== part));
  return length < 0 ? first : first.slice(0, length);
}
