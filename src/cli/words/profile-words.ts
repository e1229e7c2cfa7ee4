import { isUrl } from '../../backends/url/url.ts';
import { DuplicityError } from '../../errors/errors.ts';
import type { Spellings } from '../options/table.ts';
import { scan } from './scan.ts';

/** Whether `profile` is the action: with a URL behind it, it is a directory of that name, as it always was. */
export function isAboutProfile(argv: readonly string[], table: Spellings): boolean {
  if (!argv.includes('profile')) return false;
  const words: string[] = [];
  try {
    for (const item of scan(argv, table)) if (item.kind === 'positional') words.push(item.word);
  } catch (error) {
    // The words so far tell; what is wrong is told when they are read.
    if (!(error instanceof DuplicityError)) throw error;
  }
  return words[0] === 'profile' && !words.some((word) => isUrl(word));
}
