import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errorCode } from '../util/errno.ts';

/** The local account database, both ways. Names are bytes in latin1. Every answer is remembered. */
export interface Accounts {
  /** Empty when unknown. */
  userName(uid: number): string;
  groupName(gid: number): string;
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;
}

export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
  readonly nsswitch: string;
}

type Database = 'passwd' | 'group';

/** Asks the name service for one line; undefined when it knows none. `key` is a name or a number. */
export type AskNameService = (database: Database, key: string) => string | undefined;

interface Table {
  readonly names: Map<number, string>;
  readonly ids: Map<string, number | undefined>;
}

const SYSTEM_FILES: AccountFiles = { passwd: '/etc/passwd', group: '/etc/group', nsswitch: '/etc/nsswitch.conf' };

/**
 * Accounts from the files of the system, read on first use. What they lack is asked of the name service, once for each
 * id or name, but only where it is set up to know more than the files: an ordinary machine starts no process.
 */
export function localAccounts(files: AccountFiles = SYSTEM_FILES, askNameService: AskNameService = getent()): Accounts {
  const users = lookup('passwd', files.passwd, files.nsswitch, askNameService);
  const groups = lookup('group', files.group, files.nsswitch, askNameService);
  return { userName: users.name, groupName: groups.name, userId: users.id, groupId: groups.id };
}

function lookup(database: Database, file: string, nsswitch: string, askNameService: AskNameService) {
  let loaded: Table | undefined;
  let asksFurther: boolean | undefined;
  const table = (): Table => (loaded ??= readTable(file));
  const ask = (key: string) => {
    asksFurther ??= knowsMoreThanFiles(nsswitch, database);
    return asksFurther ? parseLine(askNameService(database, key) ?? '') : undefined;
  };
  return {
    name: (id: number): string => {
      const { names } = table();
      const known = names.get(id);
      if (known !== undefined) return known;
      const found = ask(String(id));
      const name = found?.id === id ? found.name : '';
      names.set(id, name);
      return name;
    },
    id: (name: string): number | undefined => {
      const { ids } = table();
      if (name === '' || ids.has(name)) return ids.get(name);
      // A name of digits would be taken for a number.
      const found = /^\d+$|[:\n\0]/.test(name) ? undefined : ask(name);
      const id = found?.name === name ? found.id : undefined;
      ids.set(name, id);
      return id;
    },
  };
}

function readTable(file: string): Table {
  const table: Table = { names: new Map(), ids: new Map() };
  for (const line of readLines(file)) {
    const account = parseLine(line);
    if (account === undefined) continue;
    // The first line of a name or id is the one that counts.
    if (!table.ids.has(account.name)) table.ids.set(account.name, account.id);
    if (!table.names.has(account.id)) table.names.set(account.id, account.name);
  }
  return table;
}

/** `name:password:id:...`, the beginning both databases share. */
function parseLine(line: string): { readonly name: string; readonly id: number } | undefined {
  const match = /^([^:#+-][^:]*):[^:]*:(\d+):/.exec(line);
  return match ? { name: match[1] ?? '', id: Number(match[2]) } : undefined;
}

function knowsMoreThanFiles(nsswitch: string, database: Database): boolean {
  const line = readLines(nsswitch).find((candidate) => candidate.trimStart().startsWith(`${database}:`));
  if (line === undefined) return false;
  const sources = line
    .replace(/#.*/, '')
    .replace(/\[[^\]]*\]/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '' && !word.endsWith(':'));
  return sources.some((source) => !['files', 'compat', 'systemd'].includes(source));
}

/** A file that is missing or unreadable has no lines: a system without accounts is one. */
function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n');
  } catch {
    return [];
  }
}

function getent(): AskNameService {
  let isMissing = false;
  return (database, key) => {
    if (isMissing) return undefined;
    // Node encodes arguments as UTF-8; a name that is not UTF-8 finds no account.
    const word = Buffer.from(key, 'latin1').toString('utf8');
    const answer = spawnSync('getent', ['--', database, word], {
      encoding: 'latin1',
      timeout: 10_000,
      // No passphrase for a program that needs none.
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    });
    isMissing = answer.error !== undefined && errorCode(answer.error) === 'ENOENT';
    return answer.status === 0 ? answer.stdout.split('\n', 1)[0] : undefined;
  };
}
