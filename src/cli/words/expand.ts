import type { Surroundings } from '../surroundings.ts';

/**
 * `$NAME`, `${NAME}`, then a leading `~` or `~user`, as a shell would; unknown names stay as they are.
 */
export function expandPath(word: string, around: Pick<Surroundings, 'env' | 'home' | 'homeOf'>): string {
  const text = word.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, plain?: string, braced?: string) => {
    return around.env[plain ?? braced ?? ''] ?? whole;
  });
  if (!text.startsWith('~')) return text;
  const cut = text.indexOf('/');
  const user = cut < 0 ? text.slice(1) : text.slice(1, cut);
  const home = user === '' ? around.home : around.homeOf(user);
  if (home === undefined) return text;
  const rest = cut < 0 ? '' : text.slice(cut);
  return home.replace(/\/+$/, '') + rest || '/';
}
