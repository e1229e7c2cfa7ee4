import { UsageError } from '../errors/errors.ts';
import { toScreen } from '../util/bytepath.ts';

/** Listed names by component; a node without children is a listed file or a directory without its contents. */
export interface FileTree {
  readonly children: ReadonlyMap<string, FileTree>;
}

interface Node extends FileTree {
  readonly children: Map<string, Node>;
}

/**
 * The paths of a `--files-from` list with their parents, as bytes. One path per line, relative to the source; nothing
 * is stripped and there are no comments.
 */
export function parseFilesFrom(content: Buffer, name: string, nullSeparator: boolean): FileTree {
  const root: Node = { children: new Map() };
  for (const line of content.toString('latin1').split(nullSeparator ? '\0' : '\n')) {
    if (line.startsWith('/')) throw outside(name, line);
    let node = root;
    for (const component of line.split('/')) {
      if (component === '' || component === '.') continue;
      if (component === '..') throw outside(name, line);
      let child = node.children.get(component);
      if (child === undefined) {
        child = { children: new Map() };
        node.children.set(component, child);
      }
      node = child;
    }
  }
  if (root.children.size === 0) {
    throw new UsageError('FILES_FROM_EMPTY', `The list of files ${name} names no file.`, {
      hint: 'It takes one path per line, relative to the source directory.',
    });
  }
  return root;
}

function outside(name: string, line: string): UsageError {
  return new UsageError(
    'FILES_FROM_ABSOLUTE',
    `The list of files ${name} names ${toScreen(line)}, which is not a path relative to the source directory.`,
    { hint: 'Leave the source directory and the slash behind it away.' },
  );
}
