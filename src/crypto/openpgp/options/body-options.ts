import { basename } from 'node:path';
import type { GpgSettings } from '../../gpg/settings.ts';
import { gpgConfigurations } from './gpg-home.ts';
import { type BodyOptions, confOptions, wordOptions } from './gpg-words.ts';

/** Programs whose behaviour is known. Another name may be a wrapper that adds to the command line. */
const GPG = /^gpg[12]?(?:\.exe)?$/;

/** What all that gpg would be told means for the encrypted data; undefined when only gpg itself can know. */
export function bodyOptions(settings: GpgSettings): BodyOptions | undefined {
  if (!GPG.test(basename(settings.binary))) return undefined;
  const words = wordOptions(settings.options);
  const texts = words && gpgConfigurations(settings.env ?? process.env, words.homedir);
  const [conf, ...more] = (texts ?? []).map(confOptions);
  if (!texts || (texts.length > 0 && !conf)) return undefined;
  // Which of several counts depends on gpg's version: they must not matter.
  if (more.length > 0 && [conf, ...more].some((one) => !one || Object.keys(one).length > 0)) return undefined;
  return { ...conf, ...words };
}
