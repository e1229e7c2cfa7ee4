import { createHash } from 'node:crypto';
import { hostname } from 'node:os';

import { UsageError } from '../../../errors/errors.ts';
import type { Environment } from '../../environment.ts';

/** What the tokens of ssh_config(5) stand for. */
export interface Meanings {
  readonly home: string;
  readonly host: string;
  /** The host as the command line names it. */
  readonly name: string;
  readonly alias: string | undefined;
  readonly port: number;
  readonly user: string;
  readonly jump: string | undefined;
  readonly env: Environment;
  /** The local user; throws where there is none. */
  localUser(): string;
}

/** `%h` and the like; unknown ones stay. */
export function expandTokens(text: string, meanings: Meanings): string {
  return text.replace(/%(.)/g, (token, letter: string) => meaningOf(letter, meanings) ?? token);
}

/** A file name: a leading `~/`, tokens and `${VARIABLES}`. */
export function expandFile(text: string, meanings: Meanings): string {
  const inHome = text.replace(/^~(?=\/)/, meanings.home);
  const whole = inHome.replace(/\$\{(\w+)\}/g, (_, variable: string) => {
    const value = meanings.env[variable];
    if (value !== undefined) return value.replaceAll('%', '%%');
    throw new UsageError('USER_ERROR', `The ssh configuration names ${text}, and ${variable} is not set.`);
  });
  return expandTokens(whole, meanings);
}

function meaningOf(letter: string, meanings: Meanings): string | undefined {
  const { home, host, name, alias, port, user, jump } = meanings;
  switch (letter) {
    case '%':
      return '%';
    case 'C':
      return createHash('sha1')
        .update(`${hostname()}${host}${port}${user}${jump ?? ''}`)
        .digest('hex');
    case 'd':
      return home;
    case 'h':
      return host;
    case 'i':
      return String(process.getuid?.() ?? '');
    case 'j':
      return jump ?? '';
    case 'k':
      return alias ?? name;
    case 'l':
      return hostname();
    case 'L':
      return hostname().replace(/\..*$/s, '');
    case 'n':
      return name;
    case 'p':
      return String(port);
    case 'r':
      return user;
    case 'u':
      return meanings.localUser();
    default:
      return undefined;
  }
}
