import type { RemoteFile } from '../backend.ts';

/**
 * Regular files of a listing by `rsync --list-only`: mode, size (with separators of thousands before 3.1 could do
 * without), date, time, one blank, name. Other lines, such as a greeting of the server, are passed over.
 */
export function parseListing(text: string): RemoteFile[] {
  const files: RemoteFile[] = [];
  for (const line of text.split('\n')) {
    const match = /^-\S{9}\S? +([\d.,']+) \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (.+)$/.exec(line);
    if (match === null) continue;
    files.push({ name: unescape(match[2] ?? ''), size: Number((match[1] ?? '').replace(/[.,']/g, '')) });
  }
  return files;
}

/** Bytes that cannot be shown are written as `\#ooo`. */
function unescape(name: string): string {
  return name.replace(/\\#([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
