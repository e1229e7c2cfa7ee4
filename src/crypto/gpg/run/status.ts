/** One line of gpg's status channel: a keyword and its arguments. Source: GnuPG's doc/DETAILS. */
export interface StatusLine {
  readonly keyword: string;
  readonly words: readonly string[];
}

const MARK = '[GNUPG:] ';

/** Lines that come by the thousand and decide nothing. */
const NOISE = new Set(['KEY_CONSIDERED', 'PROGRESS']);

export function parseStatus(text: string): StatusLine[] {
  const lines: StatusLine[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith(MARK)) continue;
    const [keyword = '', ...words] = line.slice(MARK.length).split(' ');
    if (!NOISE.has(keyword)) lines.push({ keyword, words });
  }
  return lines;
}

export function hasStatus(status: readonly StatusLine[], keyword: string): boolean {
  return status.some((line) => line.keyword === keyword);
}

export function wordsOf(status: readonly StatusLine[], keyword: string): readonly string[] | undefined {
  return status.find((line) => line.keyword === keyword)?.words;
}
