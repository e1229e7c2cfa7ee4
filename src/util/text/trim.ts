/**
 * `text` without the characters at its end that `one`, an expression for a single one, matches. An expression for all of
 * them, such as `/ +$/`, looks from each one in the middle of a text to the next other one: hours for a line of blanks.
 */
export function withoutEnd(text: string, one: RegExp): string {
  let end = text.length;
  while (end > 0 && one.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
