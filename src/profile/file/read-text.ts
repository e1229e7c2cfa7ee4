import { UsageError } from '../../errors/errors.ts';
import { errorCode } from '../../util/errno.ts';
import type { Surroundings } from '../../cli/surroundings.ts';

const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['is not there', 'A link may lead nowhere.'],
  ENOTDIR: ['is not there', 'A part of its path is no directory.'],
  EISDIR: ['is a directory', 'Name the file in it.'],
  EACCES: ['may not be read', 'Its owner can allow that with chmod.'],
  ELOOP: ['is a link that leads to itself', 'Replace it by the file.'],
};

/** The text of a file. `UsageError` when it cannot be read or is no UTF-8; with line and column where that ends. */
export function readText(file: string, around: Pick<Surroundings, 'readFile'>): string {
  let bytes: Buffer;
  try {
    bytes = around.readFile(file);
  } catch (cause) {
    const [what, hint] = REASONS[errorCode(cause) ?? ''] ?? ['cannot be read', String(cause)];
    throw new UsageError('BAD_PROFILE', `The profile ${file} ${what}.`, { cause, hint });
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new UsageError('BAD_PROFILE', `${file}:1:1: The file is in UTF-16.`, { hint: 'Save it as UTF-8.' });
  }
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) throw notUtf8(file, bytes);
  // Editors on Windows put one in front.
  return text.replace(/^\ufeff/, '');
}

function notUtf8(file: string, bytes: Buffer): UsageError {
  const again = Buffer.from(bytes.toString('utf8'), 'utf8');
  let at = 0;
  while (bytes[at] === again[at]) at++;
  const before = bytes.toString('utf8', 0, at);
  const line = before.split('\n');
  const place = `${file}:${line.length}:${(line.at(-1) ?? '').length + 1}`;
  return new UsageError('BAD_PROFILE', `${place}: This byte is no UTF-8.`, {
    hint: 'Save the file as UTF-8. A path that is not UTF-8 is written as { base64 = "..." }.',
  });
}
