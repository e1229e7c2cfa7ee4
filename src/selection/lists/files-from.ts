import { UsageError } from '../../errors/errors.ts';
import { type BytePath, bytePath, joinPath, toScreen } from '../../util/bytepath.ts';
import { encodeName } from '../../util/text/text.ts';
import { listLines, unquote } from './list-lines.ts';

/** Listed names by component; a node without children is a listed file or a directory without its contents. */
export interface FileTree {
  readonly children: ReadonlyMap<string, FileTree>;
  /** Where the name itself is listed first; undefined for one that only others lie below. */
  readonly line: number | undefined;
}

/** A `--files-from` list, understood. */
export interface FilesFrom extends FileTree {
  /** What messages call the list. */
  readonly name: string;
}

interface Reading {
  readonly nullSeparator: boolean;
  /** Whether the source has something of that name. */
  readonly isThere: (path: BytePath) => boolean;
}

interface Node extends FileTree {
  readonly children: Map<string, Node>;
  line: number | undefined;
}

/**
 * The paths of a `--files-from` list with their parents, as bytes. One path per line, relative to the source. A line is
 * the name of what is there under just that name, as programs write them; otherwise white space and quotes around it go
 * as in other lists. (3.0.1 knows the first only.)
 */
export function parseFilesFrom(content: Buffer, name: string, { nullSeparator, isThere }: Reading): FilesFrom {
  const root: Node = { children: new Map(), line: undefined };
  for (const { number, text, raw } of listLines(content, name, nullSeparator)) {
    const meant = unquote(text);
    const line = encodeName(meant !== raw && isThere(encodeName(raw)) ? raw : meant);
    const components = line.split('/');
    if (line.startsWith('/') || components.includes('..')) {
      if (line.startsWith('#')) continue;
      throw outside(name, number, line);
    }
    let node = root;
    for (const component of components) {
      if (component === '' || component === '.') continue;
      let child = node.children.get(component);
      if (child === undefined) {
        child = { children: new Map(), line: undefined };
        node.children.set(component, child);
      }
      node = child;
    }
    node.line ??= number;
  }
  if (root.children.size === 0) {
    throw new UsageError('FILES_FROM_EMPTY', `The list of files ${name} names no file.`, {
      hint: 'It takes one path per line, relative to the source directory.',
    });
  }
  return { name, ...root };
}

interface Listed {
  readonly path: BytePath;
  readonly line: number;
}

/** What is listed at `top` or below it. A line with a `#` in front that is no name of anything is a comment. */
export function* listedBelow(list: FileTree, top: BytePath): Generator<Listed> {
  if (top.startsWith('#')) return;
  let tree: FileTree | undefined = list;
  for (const component of top.split('/')) tree = tree?.children.get(component);
  if (tree !== undefined) yield* listedIn(tree, top);
}

function* listedIn(tree: FileTree, path: BytePath): Generator<Listed> {
  if (tree.line !== undefined) yield { path, line: tree.line };
  for (const [name, child] of tree.children) yield* listedIn(child, joinPath(path, bytePath(name)));
}

function outside(name: string, number: number, line: string): UsageError {
  return new UsageError(
    'FILES_FROM_ABSOLUTE',
    `The list of files ${name}, line ${number}, names ${toScreen(line)}, which is not a path relative to the source directory.`,
    { hint: 'Leave the source directory and the slash behind it away.' },
  );
}
