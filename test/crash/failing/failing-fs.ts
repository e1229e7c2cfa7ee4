import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

// Imported before anything of the program: node's file system as it is, until one of its calls is told to fail. What it fails
// with looks as if the system had refused: on a disk that is full or dying, for a process that may open no more files. Or
// something happens in that very moment.

/** Which call fails. */
export interface Rule {
  /** Only calls on this path and on what lies below it. */
  readonly below: string;
  /** Names of the functions, without `Sync`: `write`, `open`, … */
  readonly calls: RegExp;
  /** The n-th of them, from 1, and with `forGood` all later ones. */
  readonly nth: number;
  readonly forGood: boolean;
  /** What it fails with, or what happens just before it. */
  readonly with: Errno | (() => void);
}

export type Errno = 'ENOSPC' | 'EDQUOT' | 'EIO' | 'EROFS' | 'EMFILE' | 'EACCES' | 'ENOENT';

/** A call that a rule is about. */
interface Met {
  readonly call: string;
  readonly path: string;
}

let rule: Rule | undefined;
let met: Met[] = [];
const opened = new Map<number, string>();

/** Runs `act` while calls fail. Answers which calls the rule has met. */
export async function underRule(failing: Rule, act: () => Promise<unknown>): Promise<readonly Met[]> {
  [rule, met] = [failing, []];
  try {
    await act();
  } finally {
    rule = undefined;
  }
  return met;
}

export const metSoFar = (): readonly Met[] => met;

export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function check(name: string, on: unknown, how?: unknown): void {
  const call = name === 'open' && writes(how) ? 'create' : name;
  if (rule === undefined || !rule.calls.test(call)) return;
  const path = typeof on === 'number' ? opened.get(on) : Buffer.isBuffer(on) ? on.toString() : String(on);
  if (path === undefined || !isBelow(path, rule.below)) return;
  met.push({ call, path });
  if (met.length !== rule.nth && !(rule.forGood && met.length > rule.nth)) return;
  const { with: what } = rule;
  if (typeof what === 'string') throw refusal(what, name, path);
  // What it does itself on files meets no rule.
  const waiting = rule;
  rule = undefined;
  what();
  rule = waiting;
}

const { O_WRONLY, O_RDWR } = fs.constants;

function writes(how: unknown): boolean {
  return typeof how === 'number' ? (how & (O_WRONLY | O_RDWR)) !== 0 : typeof how === 'string' && /[wa+]/.test(how);
}

/** As node makes it: it has names for most numbers. */
function refusal(name: Errno, call: string, path: string): Error {
  const errno = -constants.errno[name];
  const [code, text] = getSystemErrorMap().get(errno) ?? Array<string>(2).fill(`Unknown system error ${errno}`);
  const onPath = /^(?:write|read|fsync|fdatasync|writev)/.test(call) ? '' : ` '${path}'`;
  return Object.assign(new Error(`${code}: ${text}, ${call}${onPath}`), { errno, code, syscall: call });
}

type Any = (...words: unknown[]) => unknown;
type Functions = Record<string, Any>;

const NAMES =
  'open read write readv writev fsync fdatasync ftruncate fchmod fchown futimes fstat rename link unlink mkdir rmdir rm mkdtemp ' +
  'readdir lstat stat readlink readFile writeFile appendFile copyFile symlink utimes chmod lutimes lchown statfs access';

function wrap(object: Functions, name: string, call: string, isLater: boolean): void {
  const real = object[name];
  if (real === undefined) return;
  const outer: Any = function outer(this: unknown, ...words) {
    try {
      check(call, call === 'copyFile' ? words[1] : words[0], words[1]);
    } catch (error) {
      const last = words.at(-1);
      if (typeof last === 'function') return process.nextTick(last, error);
      if (isLater) return Promise.reject(error);
      throw error;
    }
    if (call !== 'open') return Reflect.apply(real, this, words);
    const path = String(words[0]);
    const last = words.at(-1);
    if (typeof last === 'function') {
      words[words.length - 1] = (error: unknown, fd: number) => {
        if (error === null) opened.set(fd, path);
        (last as Any)(error, fd);
      };
    }
    const made = Reflect.apply(real, this, words);
    if (typeof made === 'number') opened.set(made, path);
    if (made instanceof Promise)
      return made.then((handle: { readonly fd: number }) => (opened.set(handle.fd, path), handle));
    return made;
  };
  Object.defineProperties(outer, Object.getOwnPropertyDescriptors(real));
  object[name] = outer;
}

const all = fs as unknown as Functions;
const later = fs.promises as unknown as Functions;
for (const name of NAMES.split(' ')) {
  wrap(all, `${name}Sync`, name, false);
  wrap(all, name, name, false);
  wrap(later, name, name, true);
}
syncBuiltinESMExports();

// Methods of an open file take no number.
const handle = await fs.promises.open('/dev/null');
const methods = Object.getPrototypeOf(handle) as Functions;
await handle.close();
const CALLS = {
  read: 'read',
  write: 'write',
  writev: 'writev',
  sync: 'fsync',
  datasync: 'fdatasync',
  truncate: 'ftruncate',
  stat: 'fstat',
  chmod: 'fchmod',
};
for (const [name, call] of Object.entries(CALLS)) {
  const real = methods[name];
  methods[name] = function method(this: { readonly fd: number }, ...words: unknown[]) {
    try {
      check(call, this.fd);
    } catch (error) {
      return Promise.reject(error);
    }
    return real === undefined ? undefined : Reflect.apply(real, this, words);
  };
}
