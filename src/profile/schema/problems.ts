import type { $ZodIssue } from 'zod/v4/core';
import { nearest } from '../../util/text/nearest.ts';
import type { Problem } from '../file/at.ts';
import { keyPlace, type Path, pathText, type Table, treeAt, valuePlace } from '../file/tree.ts';
import { PROFILE } from './profile.ts';
import { keysAt } from './shape.ts';

/** What the schema says against a profile, with the places of it. */
export function problemsOf(issues: readonly $ZodIssue[], tree: Table): readonly Problem[] {
  return issues.flatMap((issue) => problems(issue, issue.path as Path, tree));
}

function problems(issue: $ZodIssue, path: Path, tree: Table): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], tree));
  if (issue.code === 'invalid_union') {
    // Of a table the alternative that takes one tells more than that none of them fits.
    const isTable = treeAt(tree, path)?.kind === 'table';
    const [closest] = issue.errors.filter((errors) =>
      errors.every(({ path: inner, code }) => inner.length > 0 || code !== 'invalid_type'),
    );
    if (isTable && closest !== undefined) {
      return closest.flatMap((inner) => problems(inner, [...path, ...(inner.path as Path)], tree));
    }
  }
  if (treeAt(tree, path) === undefined) {
    const parent = pathText(path.slice(0, -1));
    const key = String(path.at(-1));
    return [
      {
        at: keyPlace(tree, path),
        path,
        text: `${parent === '' ? 'The profile' : parent} lacks ${key}: it ${issue.message}.`,
      },
    ];
  }
  return [{ at: valuePlace(tree, path), path, text: `${pathText(path)} ${issue.message}.` }];
}

/** A key that does not exist, and the one that is meant. */
function unknownKey(path: Path, tree: Table): Problem {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1));
  const known = keysAt(PROFILE, parent);
  const where = parent.length === 0 ? 'a profile' : pathText(parent);
  return { at: keyPlace(tree, path), path, text: `"${key}" is no key of ${where}.`, hint: hintFor(key, known, parent) };
}

function hintFor(key: string, known: readonly string[], parent: Path): string {
  // `at_latest` and `atLatest` are `at-latest` as others spell it.
  const spelled = key.replaceAll('_', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const meant = known.find((one) => one === spelled) ?? nearest(key, known);
  if (meant !== undefined) return `Is ${meant} meant?`;
  // Without its section a key is looked for in all.
  const section =
    parent.length > 0 ? undefined : keysAt(PROFILE, []).find((one) => keysAt(PROFILE, [one]).includes(spelled));
  if (section !== undefined) return `It belongs to [${section}].`;
  return `There are: ${known.join(', ')}. Options of the command line stand in options.`;
}
