import type { RemoteFile } from '../backend.ts';

/** What a listing tells. */
export interface Listing {
  readonly files: readonly RemoteFile[];
  /** Names of symbolic links. */
  readonly links: readonly string[];
}

/**
 * Regular files and links of a listing by `rsync --list-only`: mode, size (with separators of thousands before 3.1 could do
 * without), date, time, one blank, name. Other lines, such as a greeting of the server, are passed over.
 */
export function parseListing(text: string): Listing {
  const files: RemoteFile[] = [];
  const links: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^[-l]\S{9}\S? +([\d.,']+) \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (.+)$/.exec(line);
    if (match === null) continue;
    if (line.startsWith('l')) {
      links.push(unescape((match[2] ?? '').replace(/ -> [^]*$/, '')));
      continue;
    }
    files.push({ name: unescape(match[2] ?? ''), size: Number((match[1] ?? '').replace(/[.,']/g, '')) });
  }
  return { files, links };
}

/** There is a line of a file or directory, between whatever `-v` or `--stats` add. */
export function showsFiles(text: string): boolean {
  return /^[-a-z]\S{9}\S? +[\d.,']+ \d{4}\//m.test(text);
}

/** Bytes that cannot be shown are written as `\#ooo`. */
function unescape(name: string): string {
  return name.replace(/\\#([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
