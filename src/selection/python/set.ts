import { classMembers, isCapital, plainEscape, readCharacterEscape } from './escape.ts';
import { setCharacter } from '../globs/class.ts';
import type { Flags, Scanner } from './scanner.ts';

/** A member of a set: one character, several, or all but several. */
type Member =
  | { readonly kind: 'one'; readonly character: string }
  | { readonly kind: 'class' | 'complement'; readonly members: string };

/** After `[`, through the closing bracket. A `]` in front is literal; `[` inside means nothing. */
export function readSet(scanner: Scanner, flags: Flags): string {
  const isNegated = scanner.take(/\^/y) !== undefined;
  let positive = '';
  const alternatives: string[] = [];
  for (let isFirst = true; isFirst || !scanner.take(/\]/y); isFirst = false) {
    const low = readMember(scanner, flags);
    if (scanner.take(/-(?!\])/y)) {
      positive += range(low, readMember(scanner, flags));
    } else if (low.kind === 'complement') {
      alternatives.push(`[^${low.members}]`);
    } else {
      positive += sourceOf(low);
    }
  }
  if (alternatives.length === 0) return `[${isNegated ? '^' : ''}${positive}]`;
  // A class of JavaScript cannot hold a complement, so `[x\W]` becomes a choice.
  if (positive !== '') alternatives.push(`[${positive}]`);
  const choice = alternatives.join('|');
  return isNegated ? `(?:(?!${choice})[^])` : `(?:${choice})`;
}

function readMember(scanner: Scanner, flags: Flags): Member {
  const character = scanner.next();
  if (character !== '\\') return { kind: 'one', character };
  const octal = scanner.take(/[0-3]?[0-7]{1,2}/y);
  if (octal) return { kind: 'one', character: String.fromCharCode(Number.parseInt(octal[0], 8)) };
  const escaped = readCharacterEscape(scanner);
  if (escaped !== undefined) return { kind: 'one', character: escaped };
  const letter = scanner.next();
  if (letter === 'b') return { kind: 'one', character: '\b' };
  const members = classMembers(letter, flags);
  if (members === undefined) return { kind: 'one', character: plainEscape(letter) };
  return { kind: isCapital(letter) ? 'complement' : 'class', members };
}

function range(low: Member, high: Member): string {
  const isOrdered =
    low.kind === 'one' &&
    high.kind === 'one' &&
    (low.character.codePointAt(0) ?? 0) <= (high.character.codePointAt(0) ?? 0);
  if (!isOrdered) throw new SyntaxError('bad character range');
  return `${sourceOf(low)}-${sourceOf(high)}`;
}

function sourceOf(member: Member): string {
  return member.kind === 'one' ? setCharacter(member.character) : member.members;
}
