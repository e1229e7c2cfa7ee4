import { UsageError } from '../../errors/errors.ts';

/** One character, to be taken literally anywhere in a regular expression with the `u` flag. */
export function literalCharacter(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

/**
 * The class `[...]` that starts at `start`, or undefined when it is not closed and the bracket is an ordinary
 * character. `!` or `^` in front negates, a `]` in front is literal, a backslash is literal, `/` is allowed.
 */
export function readClass(glob: string, start: number): { source: string; next: number } | undefined {
  const first = glob.charAt(start + 1);
  const isNegated = first === '!' || first === '^';
  const begin = start + (isNegated ? 2 : 1);
  const end = glob.indexOf(']', glob.charAt(begin) === ']' ? begin + 1 : begin);
  if (end < 0) return undefined;
  const members = Array.from(glob.slice(begin, end));
  let source = '';
  for (let i = 0; i < members.length; i++) {
    const low = members[i] ?? '';
    const high = members[i + 2];
    if (members[i + 1] !== '-' || high === undefined) {
      source += setCharacter(low);
      continue;
    }
    if ((low.codePointAt(0) ?? 0) > (high.codePointAt(0) ?? 0)) {
      throw new UsageError('COMMAND_LINE', `The pattern ${glob} has an impossible range: ${low}-${high}.`);
    }
    source += `${setCharacter(low)}-${setCharacter(high)}`;
    i += 2;
  }
  return { source: `[${isNegated ? '^' : ''}${source}]`, next: end + 1 };
}

/** The same inside of `[...]`. */
export function setCharacter(character: string): string {
  return character === '-' ? '\\-' : literalCharacter(character);
}
