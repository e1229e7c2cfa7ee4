import { type BytePath, bytePath } from '../../util/bytepath.ts';

/**
 * A local path as manifests record it: without `.` components, repeated and trailing slashes. Relative paths stay
 * relative, `..` stays, and nothing left is `.`. Manifests of the reference compare by this form.
 */
export function canonicalPath(path: BytePath): BytePath {
  const kept = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/')) return bytePath(`/${kept.join('/')}`);
  return bytePath(kept.length === 0 ? '.' : kept.join('/'));
}

/** `link/` and `link/.` mean what the link leads to, as everywhere in POSIX. */
export function endsInside(word: string): boolean {
  return /\/\.?$/.test(word);
}
