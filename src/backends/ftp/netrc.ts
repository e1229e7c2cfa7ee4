import { readFileSync } from 'node:fs';

import { Secret } from '../../util/secret.ts';

export interface NetrcEntry {
  readonly user: string;
  readonly password: Secret | undefined;
}

/**
 * What `~/.netrc` has for `host`, or under `default`; undefined when it has nothing. lftp, which the reference runs, logs
 * in by it where a URL names no user. Source of the format: netrc(5).
 */
export function netrcEntry(home: string | undefined, host: string): NetrcEntry | undefined {
  if (home === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(`${home}/.netrc`, 'utf8');
  } catch {
    return undefined;
  }
  return parseNetrc(text, host);
}

export function parseNetrc(text: string, host: string): NetrcEntry | undefined {
  const words = [...withoutMacros(text).matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '',
  );
  let isOurs = false;
  let user: string | undefined;
  let password: string | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === 'default' || word === 'machine') {
      if (isOurs && user !== undefined) break;
      isOurs = word === 'default' || words[++at]?.toLowerCase() === host;
    } else if (word === 'login' || word === 'password' || word === 'account') {
      const value = words[++at];
      if (isOurs && word === 'login') user = value;
      if (isOurs && word === 'password') password = value;
    }
  }
  if (user === undefined) return undefined;
  return { user, password: password === undefined ? undefined : new Secret(password) };
}

/** A macro goes on to the next empty line. */
function withoutMacros(text: string): string {
  let isMacro = false;
  const kept = text.split('\n').filter((line) => {
    if (/^\s*macdef\s/.test(`${line}\n`)) isMacro = true;
    else if (isMacro && /^[ \t]*$/.test(line)) isMacro = false;
    else return !isMacro;
    return false;
  });
  return kept.join('\n');
}
