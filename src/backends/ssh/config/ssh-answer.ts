import { userInfo } from 'node:os';

import type { Keywords } from './ssh-options.ts';

/** The list of keys that `ssh -G` gives where none is named; which are in it depends on how ssh was built. */
const USUAL_KEY = /^~\/\.ssh\/id_(?:rsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss|dsa)$/;
const LEAST_USUAL_KEYS = 3;

/** What `ssh -G` says of a keyword: undefined for what is only the default, and depends on HOME here. */
export function valuesOf(answer: Keywords, keyword: string): readonly string[] | undefined {
  const values = answer.get(keyword);
  switch (keyword) {
    case 'identityfile':
      return values !== undefined && values.length >= LEAST_USUAL_KEYS && values.every((file) => USUAL_KEY.test(file))
        ? undefined
        : values;
    case 'userknownhostsfile': {
      const files = fileNames(values?.[0] ?? '');
      const usual = ['', '2'].map((end) => `${userInfo().homedir}/.ssh/known_hosts${end}`);
      return files.length === 0 || files.join(' ') === usual.join(' ') ? undefined : files;
    }
    case 'globalknownhostsfile':
      return values === undefined ? undefined : fileNames(values[0] ?? '');
    default:
      return values;
  }
}

/** Names with blanks are shown without quotes: what does not begin like a path goes on with the one before. */
function fileNames(text: string): string[] {
  const names: string[] = [];
  for (const word of text.split(' ')) {
    if (names.length === 0 || /^[/~]|^none$/.test(word)) names.push(word);
    else names.push(`${names.pop()} ${word}`);
  }
  return names.filter((name) => name !== '');
}
