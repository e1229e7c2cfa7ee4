import { literalCharacter, readClass } from './class.ts';

/** What a glob matches: with `**` anything, with `*` anything but a slash, else one character that the test takes. */
type Token = '**' | '*' | ((character: number) => boolean);

/**
 * How far a match must go: `whole` to the end of the path, `beginning` to there or to a slash. A final newline may be
 * left over, as with `$` of Python's expressions.
 */
export type Extent = 'whole' | 'beginning';

const SLASH = 47;
const NEWLINE = 10;

/** Wildcards of any length in a glob. */
export function starsIn(glob: string): number {
  return tokens(glob, false).filter((token) => typeof token === 'string').length;
}

/**
 * A matcher whose time grows with the length of the path times that of the glob and no faster, however many stars there
 * are: all places in the glob that a beginning of the path can have led to are looked at side by side.
 */
export function automaton(glob: string, ignoreCase: boolean): (path: string, extent: Extent) => boolean {
  const states = tokens(glob, ignoreCase);
  const end = states.length;
  // Reused: a match runs to its end before the next one begins.
  let here = new Uint8Array(end + 1);
  let next = new Uint8Array(end + 1);
  return (path, extent) => {
    here.fill(0);
    enter(here, 0, states);
    for (let i = 0; i < path.length;) {
      const character = path.codePointAt(i) ?? 0;
      const isEnd = (character === SLASH && extent === 'beginning') || (character === NEWLINE && i === path.length - 1);
      if (isEnd && here[end] === 1) return true;
      next.fill(0);
      let isAlive = false;
      for (let state = 0; state < end; state++) {
        if (here[state] !== 1) continue;
        const token = states[state];
        if (typeof token === 'string') {
          if (token === '*' && character === SLASH) continue;
          enter(next, state, states);
        } else if (token?.(character) === true) {
          enter(next, state + 1, states);
        } else continue;
        isAlive = true;
      }
      if (!isAlive) return false;
      [here, next] = [next, here];
      i += character > 0xffff ? 2 : 1;
    }
    return here[end] === 1;
  };
}

/** Stars may match nothing. */
function enter(set: Uint8Array, state: number, states: readonly Token[]): void {
  let at = state;
  set[at] = 1;
  while (typeof states[at] === 'string') set[++at] = 1;
}

function tokens(glob: string, ignoreCase: boolean): Token[] {
  const found: Token[] = [];
  for (let i = 0; i < glob.length;) {
    const character = String.fromCodePoint(glob.codePointAt(i) ?? 0);
    const set = character === '[' ? readClass(glob, i) : undefined;
    if (character === '*') {
      const star = glob[i + 1] === '*' ? '**' : '*';
      found.push(star);
      i += star.length;
    } else if (set !== undefined) {
      found.push(oneOf(set.source, ignoreCase));
      i = set.next;
    } else {
      found.push(character === '?' ? (code) => code !== SLASH : oneCharacter(character, ignoreCase));
      i += character.length;
    }
  }
  return found;
}

function oneCharacter(character: string, ignoreCase: boolean): (code: number) => boolean {
  const wanted = character.codePointAt(0);
  return ignoreCase ? oneOf(literalCharacter(character), true) : (code) => code === wanted;
}

/** Answers of an expression for single characters, each asked for once. */
function oneOf(source: string, ignoreCase: boolean): (code: number) => boolean {
  const expression = new RegExp(`^${source}$`, ignoreCase ? 'sui' : 'su');
  const known = new Map<number, boolean>();
  return (code) => {
    let answer = known.get(code);
    if (answer === undefined) {
      answer = expression.test(String.fromCodePoint(code));
      known.set(code, answer);
    }
    return answer;
  };
}
