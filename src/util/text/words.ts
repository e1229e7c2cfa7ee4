/**
 * Splits options for another program as a shell would: at blanks outside of quotes, quotes taken off, a backslash
 * outside of single quotes keeps the next character. Nothing is expanded.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  for (const [whole] of text.matchAll(/(?:[^\s"'\\]+|\\[^]|"(?:[^"\\]|\\[^])*"|'[^']*'|["'\\])+/g)) {
    words.push(whole.replace(/"((?:[^"\\]|\\[^])*)"|'([^']*)'|\\([^])/g, unquoted));
  }
  return words;
}

function unquoted(_all: string, double?: string, single?: string, escaped?: string): string {
  return double?.replace(/\\(["\\$`])/g, '$1') ?? single ?? escaped ?? '';
}
