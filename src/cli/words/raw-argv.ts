import { encodeName } from '../../util/text/text.ts';
import { decodeText } from '../../util/text/utf8.ts';
import type { BytePath } from '../../util/bytepath.ts';

/**
 * Command-line words that keep bytes which are not UTF-8. Node replaces such bytes by U+FFFD; here each becomes a lone
 * surrogate U+DC80..U+DCFF (its byte value + 0xDC00), which no valid text contains, and `wordBytes` turns it back.
 * `argv` is `process.argv` without its first two words, `readCommandLine` gives the content of /proc/self/cmdline.
 * Words are returned unchanged where the system does not tell more.
 */
export function recoverWords(argv: readonly string[], readCommandLine: () => Buffer): readonly string[] {
  if (!argv.some((word) => word.includes('\ufffd'))) return argv;
  let raw: Buffer;
  try {
    raw = readCommandLine();
  } catch {
    return argv;
  }
  const words = raw.toString('latin1').split('\0');
  words.pop();
  const tail = words.slice(words.length - argv.length);
  return argv.map((word, i) => {
    const exact = tail[i];
    if (exact === undefined || !word.includes('\ufffd')) return word;
    const buffer = Buffer.from(exact, 'latin1');
    return buffer.toString('utf8') === word ? decodeText(buffer) : word;
  });
}

/** The bytes of a command-line word. */
export function wordBytes(word: string): BytePath {
  return encodeName(word);
}
