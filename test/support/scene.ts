import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import { testHome } from './home.ts';
import { listing, type Listed } from './listing.ts';
import { root } from './paths.ts';
import { run, type RunOptions, type RunResult } from './processes.ts';
import { NODE, runDuplicity } from './run.ts';
import { tempDir } from './temp.ts';
import { timeOfSet } from './times.ts';

/** A place with a source and a target that is not made yet. */
export interface Scene {
  readonly dir: string;
  readonly source: string;
  readonly remote: string;
  readonly url: string;
}

export function scene(dir: string = tempDir()): Scene {
  const source = `${dir}/source`;
  mkdirSync(source, { recursive: true });
  utimesSync(source, timeOfSet(-1), timeOfSet(-1));
  return { dir, source, remote: `${dir}/remote`, url: `file://${dir}/remote` };
}

/**
 * Puts files, and where the value is null directories, into `dir`. All of them, and the directories they lie in, get
 * the time `mtime`: a change counts only when the second differs.
 */
export function put(dir: string, tree: Readonly<Record<string, string | Buffer | null>>, mtime = timeOfSet(-1)): void {
  for (const [path, content] of Object.entries(tree)) {
    const full = `${dir}/${path}`;
    if (content === null) mkdirSync(full, { recursive: true });
    else {
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, content);
    }
    for (let at = full; at.length >= dir.length; at = dirname(at)) utimesSync(at, mtime, mtime);
  }
}

/** Bytes that cannot be compressed, the same on every run. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Everything of a tree that a backup keeps: times in whole seconds. */
export function treeOf(dir: string): Listed[] {
  return listing(dir).map((entry) =>
    entry.mtime === undefined ? entry : { ...entry, mtime: Math.floor(entry.mtime) },
  );
}

export function names(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir).toSorted() : [];
}

/** A machine record. */
export interface LogRecord {
  readonly level: string;
  readonly code: number;
  /** What follows the code on the control line. */
  readonly fields: string;
  readonly data: readonly string[];
  readonly text: string;
}

export interface Outcome extends RunResult {
  readonly records: readonly LogRecord[];
}

/** Options of every run here: nothing encrypted, no pause between retries. */
export const PLAIN: readonly string[] = ['--no-encryption', '--backend-retry-delay', '0'];

/** Runs the program with a log file, reads that, and fails for any output that shows a stack. */
export async function duplicity(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const log = `${options.home ?? testHome()}/log`;
  rmSync(log, { force: true });
  return outcome(await runDuplicity(['--log-file', log, ...args], options), log);
}

/** A prelude: whoever runs the tests in a terminal is not to be asked for a passphrase. */
export const WITHOUT_TERMINAL = 'command -v setsid > /dev/null && set -- setsid -w "$@"';

let isBuilt = false;

/** The same, started by a shell that first runs `prelude`. */
export async function duplicityAfter(
  prelude: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const log = `${options.home ?? testHome()}/log`;
  rmSync(log, { force: true });
  const words = await command();
  const script = `${prelude}; exec "$@"`;
  return outcome(await run('sh', ['-c', script, 'sh', ...words, '--log-file', log, ...args], options), log);
}

/** The words that start the program as a user does. */
export async function command(): Promise<readonly string[]> {
  if (!isBuilt) await runDuplicity(['--version']);
  isBuilt = true;
  return ['/usr/bin/env', `DUPLICITY_NODE=${NODE}`, `${root}/duplicity`];
}

function outcome(result: RunResult, log: string): Outcome {
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  for (const output of [result.stdout, result.stderr, text]) expect(output).not.toMatch(/\n(?:\. )?\s+at /);
  return { ...result, records: parseRecords(text) };
}

export function parseRecords(text: string): LogRecord[] {
  const parts = text.split('\n\n');
  expect(parts.pop()).toBe('');
  return parts.map((part) => {
    const [control = '', ...lines] = part.split('\n');
    const [level = '', code, ...fields] = control.split(' ');
    const spoken = lines.filter((line) => line.startsWith('. '));
    return {
      level,
      code: Number(code),
      fields: fields.join(' '),
      data: lines.filter((line) => !line.startsWith('. ')),
      text: spoken.map((line) => line.slice(2)).join('\n'),
    };
  });
}

/** A run that must succeed. */
export async function good(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const result = await duplicity([...PLAIN, ...args], options);
  if (result.status === 0) {
    expect(result.stderr).toBe('');
    return result;
  }
  throw new Error(`exit status ${result.status ?? result.signal}\n${result.stderr}${result.stdout}`);
}

/** Backs the source up as set `k`. */
export async function backUp(
  { source, url }: Scene,
  k: number,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Outcome> {
  return good(['--current-time', String(timeOfSet(k)), ...args, source, url], options);
}

/** What a restore of set `k` gives. */
export async function restoredTree(
  { dir, url }: Scene,
  k: number,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Listed[]> {
  const target = tempDir(dir);
  await good(['restore', '--time', String(timeOfSet(k)), ...args, url, `${target}/out`], options);
  const tree = treeOf(`${target}/out`);
  rmSync(target, { recursive: true });
  return tree;
}

/** Rules for DUPLICITY_TEST_FAULTS. */
export function faults(...rules: readonly object[]): { readonly env: { readonly DUPLICITY_TEST_FAULTS: string } } {
  return { env: { DUPLICITY_TEST_FAULTS: JSON.stringify(rules) } };
}
