import { UsageError } from '../errors/errors.ts';
import type { PatternTests } from './globs/glob.ts';

/**
 * A pattern of `--filter-literal` (3.0.1): covers the path itself and everything below it, whatever its type; one
 * trailing slash is dropped.
 */
export function compileLiteral(pattern: string, ignoreCase: boolean): PatternTests {
  if (pattern === '') throw new UsageError('COMMAND_LINE', 'A selection pattern must not be empty.');
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const literal = fold(pattern.endsWith('/') ? pattern.slice(0, -1) : pattern);
  const covers = (path: string): boolean => startsAtComponent(path, literal);
  const leads = (path: string): boolean => (path === '/' ? literal.startsWith('/') : startsAtComponent(literal, path));
  return {
    asInclude: (path) => {
      const folded = fold(path);
      if (covers(folded)) return 'covers';
      return leads(folded) ? 'leads' : undefined;
    },
    asExclude: (path) => (covers(fold(path)) ? 'covers' : undefined),
  };
}

function startsAtComponent(path: string, parent: string): boolean {
  return path.startsWith(parent) && (path.length === parent.length || path.charCodeAt(parent.length) === 47);
}
