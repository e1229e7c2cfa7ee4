import { UsageError } from '../../errors/errors.ts';
import { toScreen } from '../../util/bytepath.ts';
import { encodeName } from '../../util/text/text.ts';
import { automaton, type Extent, starsIn } from './automaton.ts';
import { literalCharacter, readClass } from './class.ts';

/** What a pattern says about a path: it covers it, or (includes only) the path may lead to something it covers. */
export type Match = 'covers' | 'leads' | undefined;

/** `path` is decoded text (see text.ts). */
export type PathTest = (path: string, isDirectory: boolean) => Match;

/** The same pattern in both senses. Only as an include does it answer `leads`. */
export interface PatternTests {
  readonly asInclude: PathTest;
  readonly asExclude: PathTest;
}

/** A glob in pieces: the regular expression and the plain text every match must begin with and contain. */
interface Translation {
  readonly source: string;
  readonly head: string;
  /** The longest plain text after the head, perhaps empty. */
  readonly needle: string;
  readonly isLiteral: boolean;
}

/** Up to so many stars a regular expression tries few ways to match; with each more it would be as many as the path is long. */
const FEW_STARS = 2;

/** No path is longer, none of anybody is deeper, and with each component of a pattern its beginnings grow by all that stands before. */
const LONGEST = 4096;
const DEEPEST = 250;

// `$` of the reference's expressions also matches before a final newline (selection.jsonl, t3-trailing-newline).
const END = '\\n?$';

/**
 * Compiles a glob without its `ignorecase:` prefix. It covers a path when it matches the whole path or a leading part
 * that ends at a `/`. With a trailing `/` a whole match counts for real directories only. Throws `GLOBBING_ERROR` for
 * an empty component and for a pattern longer than any path, `COMMAND_LINE` for an impossible class range (the reference crashes there).
 */
export function compileGlob(pattern: string, ignoreCase: boolean): PatternTests {
  if (pattern.length > LONGEST || pattern.split('/').length > DEEPEST) throw tooLong(pattern);
  const glob = pattern === '/' ? '/**' : pattern;
  const directoriesOnly = glob.endsWith('/');
  const body = directoriesOnly ? glob.slice(0, -1) : glob;
  const leads = leadTest(scanPrefixes(body, pattern), ignoreCase);
  const covers = coverTest(body, ignoreCase);
  const isWhole = directoriesOnly ? matcher(body, 'whole', ignoreCase) : undefined;
  // Nothing at all is said about a plain file /s/x by /s/x/, not even `leads` (0.8.22, run).
  const verdict = (path: string, isDirectory: boolean): Match =>
    isWhole === undefined || isDirectory || !isWhole(path) ? 'covers' : undefined;
  return {
    asInclude: (path, isDirectory) => {
      if (covers(path)) return verdict(path, isDirectory);
      return leads(path) ? 'leads' : undefined;
    },
    asExclude: (path, isDirectory) => (covers(path) ? verdict(path, isDirectory) : undefined),
  };
}

function tooLong(pattern: string): UsageError {
  const beginning = toScreen(encodeName(pattern.slice(0, 40)));
  return new UsageError('GLOBBING_ERROR', `The pattern ${beginning}... is longer or deeper than any path can be.`, {
    hint: `Write one of at most ${LONGEST} characters and ${DEEPEST} directories.`,
  });
}

function coverTest(body: string, ignoreCase: boolean): (path: string) => boolean {
  if (body === '**') return () => true;
  const { head, needle, isLiteral } = translate(body);
  const full = matcher(body, 'beginning', ignoreCase);
  if (ignoreCase) return full;
  if (isLiteral) return (path) => path.startsWith(head) && (isComponentEnd(path, head.length) || full(path));
  const from = head.length;
  return (path) => path.startsWith(head) && path.includes(needle, from) && full(path);
}

/** The whole path, or its beginning before a slash: by a regular expression where that cannot take long. */
function matcher(glob: string, extent: Extent, ignoreCase: boolean): (path: string) => boolean {
  if (starsIn(glob) > FEW_STARS) {
    const test = automaton(glob, ignoreCase);
    return (path) => test(path, extent);
  }
  const full = expression(translate(glob).source + (extent === 'whole' ? END : `(?:${END}|/)`), ignoreCase);
  return (path) => full.test(path);
}

function leadTest(prefixes: readonly string[], ignoreCase: boolean): (path: string) => boolean {
  const few = prefixes.filter((prefix) => starsIn(prefix) <= FEW_STARS);
  const expressions = expression(`(?:${few.map((one) => translate(one).source).join('|')})${END}`, ignoreCase);
  const others = prefixes.slice(few.length).map((prefix) => matcher(prefix, 'whole', ignoreCase));
  const any = (path: string): boolean => expressions.test(path) || others.some((test) => test(path));
  const head = translate(prefixes.at(-1) ?? '').head;
  if (ignoreCase || head === '') return any;
  // Either the path is still on its way to the first wildcard, or it has passed it.
  return (path) => (head.startsWith(path) || path.startsWith(head) || path.endsWith('\n')) && any(path);
}

// A glob of three components has three prefixes, the last being itself; what follows the first `**` is left out.
function scanPrefixes(body: string, pattern: string): readonly string[] {
  const wild = body.indexOf('**');
  const cut = wild < 0 ? body : body.slice(0, wild + 2);
  const components = cut.split('/');
  if (components.slice(1, -1).includes('')) {
    throw new UsageError('GLOBBING_ERROR', `Consecutive '/'s found in globbing string ${pattern}`, {
      hint: 'Write one slash, or /**/ for any number of directories.',
    });
  }
  return components.map((_, i) => (i === 0 && components[0] === '' ? '/' : components.slice(0, i + 1).join('/')));
}

function translate(glob: string): Translation {
  let source = '';
  let head: string | undefined;
  let needle = '';
  let run = '';
  const endRun = (): void => {
    if (head === undefined) head = run;
    else if (run.length > needle.length) needle = run;
    run = '';
  };
  let isLiteral = true;
  for (let i = 0; i < glob.length;) {
    const character = String.fromCodePoint(glob.codePointAt(i) ?? 0);
    const wild = wildcard(glob, i, character);
    if (wild === undefined) {
      source += literalCharacter(character);
      run += character;
      i += character.length;
      continue;
    }
    isLiteral = false;
    endRun();
    source += wild.source;
    i = wild.next;
  }
  endRun();
  return { source, head: head ?? '', needle, isLiteral };
}

function wildcard(glob: string, i: number, character: string): { source: string; next: number } | undefined {
  if (character === '*') return glob[i + 1] === '*' ? { source: '.*', next: i + 2 } : { source: '[^/]*', next: i + 1 };
  if (character === '?') return { source: '[^/]', next: i + 1 };
  return character === '[' ? readClass(glob, i) : undefined;
}

function expression(source: string, ignoreCase: boolean): RegExp {
  return new RegExp(`^${source}`, ignoreCase ? 'sui' : 'su');
}

function isComponentEnd(path: string, at: number): boolean {
  return path.length === at || path.charCodeAt(at) === 47;
}
