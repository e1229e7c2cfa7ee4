import { ParseError, parseTOML, type AST } from '../libraries/toml.ts';
import { UsageError } from '../../errors/errors.ts';
import type { At } from './at.ts';
import { type Entry, Moment, type Scalar, type Table, type Tree } from './tree.ts';

/** What the parser says, and how that comes about. */
const CAUSES: readonly (readonly [RegExp, string, string])[] = [
  [/key multiple times/, 'This key is there already.', 'Keep one of the two.'],
  [
    /escape sequence/,
    'This backslash begins no escape of TOML.',
    "Write \\\\ for a backslash, or put the text into '...'.",
  ],
  [/Unspecified values/, 'A value is missing behind the equals sign.', 'Texts stand in quotes.'],
  [/Unterminated string/, 'The quote that ends this text is missing.', ''],
  [/Must be a newline/, 'Something follows a value on its line.', 'Each key has a line of its own.'],
  [/Expected comma/, 'A comma is missing here.', 'Texts and intervals stand in quotes.'],
  [/Unexpected character|Unexpected token/, 'This is no TOML.', 'Texts and names of stores stand in quotes.'],
];

/** Understands a file. `UsageError` with the place of the first thing that is no TOML. */
export function parseToml(text: string, file: string): Table {
  try {
    const { body } = parseTOML(text, { tomlVersion: '1.0' });
    return tableOf(body[0], file);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const [, what, hint] = CAUSES.find(([pattern]) => pattern.test(error.message)) ?? [null, `${error.message}.`, ''];
    throw new UsageError('BAD_PROFILE', `${file}:${error.lineNumber}:${error.column + 1}: ${what}`, {
      cause: error,
      ...(hint !== '' && { hint }),
    });
  }
}

/** While it is being read: tables are added to by later lines. */
interface Growing {
  readonly at: At;
  readonly entries: Map<string, Entry>;
}

function tableOf(top: AST.TOMLTopLevelTable, file: string): Table {
  const root: Growing = { at: { file, line: 1, column: 1 }, entries: new Map() };
  for (const node of top.body) {
    if (node.type === 'TOMLKeyValue') {
      enter(root, node.key, treeOf(node.value, file), file);
      continue;
    }
    const table: Growing = { at: placeOf(node.key, file), entries: new Map() };
    for (const { key, value } of node.body) enter(table, key, treeOf(value, file), file);
    enter(root, node.key, { kind: 'table', ...table }, file, node.kind === 'array');
  }
  return { kind: 'table', ...root };
}

/** Puts a value where its dotted key says; the parser has made sure that it fits there. */
function enter(table: Growing, key: AST.TOMLKey, tree: Tree, file: string, isElement = false): void {
  let here = table;
  const names = key.keys.map((name) => ({
    name: name.type === 'TOMLBare' ? name.name : name.value,
    at: placeOf(name, file),
  }));
  const last = names.pop();
  if (last === undefined) return;
  for (const { name, at } of names) {
    const found = here.entries.get(name)?.tree;
    // Behind the name of a list of tables its last one is meant.
    const inner = found?.kind === 'list' ? found.items.at(-1) : found;
    if (inner?.kind === 'table') {
      here = inner as unknown as Growing;
      continue;
    }
    const made: Growing = { at, entries: new Map() };
    here.entries.set(name, { at, tree: { kind: 'table', ...made } });
    here = made;
  }
  const before = here.entries.get(last.name)?.tree;
  if (isElement) {
    const items = before?.kind === 'list' ? [...before.items, tree] : [tree];
    here.entries.set(last.name, { at: last.at, tree: { kind: 'list', at: last.at, items } });
  } else if (before?.kind === 'table' && tree.kind === 'table') {
    for (const [name, entry] of tree.entries) (before.entries as Map<string, Entry>).set(name, entry);
  } else here.entries.set(last.name, { at: last.at, tree });
}

function treeOf(node: AST.TOMLContentNode, file: string): Tree {
  const at = placeOf(node, file);
  switch (node.type) {
    case 'TOMLArray':
      return { kind: 'list', at, items: node.elements.map((element) => treeOf(element, file)) };
    case 'TOMLInlineTable': {
      const table: Growing = { at, entries: new Map() };
      for (const { key, value } of node.body) enter(table, key, treeOf(value, file), file);
      return { kind: 'table', ...table };
    }
    case 'TOMLValue':
      return { kind: 'leaf', at, value: scalarOf(node) };
  }
}

function scalarOf(node: AST.TOMLValue): Scalar {
  switch (node.kind) {
    case 'integer':
      return Number.isSafeInteger(node.value) ? node.value : node.bigint;
    case 'offset-date-time':
    case 'local-date-time':
    case 'local-date':
    case 'local-time':
      return new Moment(node.datetime);
    default:
      return node.value;
  }
}

function placeOf(node: { readonly loc: AST.SourceLocation }, file: string): At {
  return { file, line: node.loc.start.line, column: node.loc.start.column + 1 };
}
