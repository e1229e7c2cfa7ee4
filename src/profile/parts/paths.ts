import { expandPath } from '../../cli/words/expand.ts';
import type { Surroundings } from '../../cli/surroundings.ts';
import { decodeText } from '../../util/text/utf8.ts';
import type { PathValue } from '../schema/values.ts';

/** A path as text, `~` and variables replaced; one given by its bytes as it is. */
export function pathWord(value: PathValue, around: Surroundings): string {
  return typeof value === 'string' ? expandPath(value, around) : decodeText(Buffer.from(value.base64, 'base64'));
}

/** The variable that was not there to be put in. */
export function unknownVariable(word: string): string | undefined {
  return /\$(?:\w+|\{[^}]*\})/.exec(word)?.[0];
}

/** A glob that matches just this name: its wildcards stand in classes of one. */
export function literalGlob(name: string): string {
  return name.replace(/[[*?]/g, '[$&]');
}

/** Components without `.`, repeated and trailing slashes. */
export function components(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
