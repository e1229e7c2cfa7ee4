import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

import { glob, parse } from 'ssh-config';

import { LocalError } from '../../../errors/errors.ts';
import { errorCode } from '../../../util/errno.ts';
import type { Keywords } from './ssh-options.ts';
import { splitWords } from './words.ts';

export const SYSTEM_FILE = '/etc/ssh/ssh_config';
/** OpenSSH's own limit for files that include each other. */
const DEEPEST_INCLUDE = 16;

/**
 * Where there is no ssh to ask (`ask-ssh.ts`): what ssh_config files say of `host`: the user's file before the system's, or
 * `only` that one (`-F`).
 */
export function configFor(host: string, home: string, only?: string): Keywords {
  const files = only === undefined ? [join(home, '.ssh', 'config'), SYSTEM_FILE] : [only];
  const merged = new Map<string, string[]>();
  for (const file of files) {
    const text = readText(file, { home, depth: 0 });
    if (text === undefined && only !== undefined) {
      throw new LocalError('USER_ERROR', `Cannot read the ssh configuration ${file}.`);
    }
    if (text !== undefined) merge(merged, compute(text, host, file));
  }
  return merged;
}

function compute(text: string, host: string, file: string): Record<string, string | string[]> {
  try {
    return parse(text).compute(host, { ignoreCase: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LocalError('USER_ERROR', `Cannot read the ssh configuration ${file}: ${why}`, { cause: error });
  }
}

function merge(into: Map<string, string[]>, found: Record<string, string | string[]>): void {
  for (const [name, value] of Object.entries(found)) {
    const values = Array.isArray(value) ? value : [value];
    const known = into.get(name);
    if (known === undefined) into.set(name, [...values]);
    else if (name === 'identityfile') known.push(...values);
  }
}

/** undefined when there is no such file, or it may not be read: then it says nothing, as for ssh. */
function readText(file: string, at: { readonly home: string; readonly depth: number }): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
  return expandIncludes(text, { ...at, base: dirname(file) });
}

/**
 * Puts included files in the place of their `Include` lines, which ssh-config leaves alone. Hosts of an included file
 * must not swallow what follows it, so the section around the line is opened again.
 */
function expandIncludes(
  text: string,
  { home, depth, base }: { readonly home: string; readonly depth: number; readonly base: string },
): string {
  const lines: string[] = [];
  let section = 'Host *';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(host|match)[\s=]/i.test(line)) section = line;
    const patterns = /^\s*include(?:\s+|\s*=\s*)(.*)$/i.exec(line)?.[1];
    if (patterns === undefined) {
      lines.push(line);
      continue;
    }
    if (depth >= DEEPEST_INCLUDE) continue;
    for (const file of splitWords(patterns).flatMap((pattern) => filesOf(pattern, { home, base }))) {
      lines.push(readText(file, { home, depth: depth + 1 }) ?? '', section);
    }
  }
  return lines.join('\n');
}

function filesOf(pattern: string, { home, base }: { readonly home: string; readonly base: string }): string[] {
  const full = pattern.startsWith('~/') ? join(home, pattern.slice(2)) : pattern;
  const absolute = isAbsolute(full) ? full : join(base, full);
  return /[*?[]/.test(absolute) ? matches(absolute) : [absolute];
}

/** In the order of their names; wildcards are honoured in the last part of the path only. */
function matches(pattern: string): string[] {
  const directory = dirname(pattern);
  try {
    const names = readdirSync(directory).filter((name) => glob(basename(pattern), name));
    return names.sort().map((name) => join(directory, name));
  } catch {
    return [];
  }
}
