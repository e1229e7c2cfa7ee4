import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import process from 'node:process';
import { parseCommandLine } from '../../src/cli/parse.ts';
import type { Surroundings } from '../../src/cli/surroundings.ts';
import { DuplicityError } from '../../src/errors/errors.ts';
import { type Event, WARNINGS } from '../../src/events/events.ts';
import { buildSelection } from '../../src/selection/selection.ts';
import { decodeName } from '../../src/util/text/text.ts';
import { localAccounts } from '../../src/source/accounts.ts';
import { inspectRoot } from '../../src/source/root.ts';
import { walkSource } from '../../src/source/walk.ts';
import { root as repository } from '../support/paths.ts';

/** A line of data/selection.jsonl: what a run of the reference selected from a tree. */
export interface SelectionCase {
  readonly id: string;
  readonly reference: string;
  readonly note?: string;
  readonly tree: readonly (readonly [string, string, ...(string | number)[]])[];
  readonly modes?: Readonly<Record<string, number>>;
  readonly mtimes?: Readonly<Record<string, number>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly requires?: 'mknod' | 'nonroot';
  readonly source: string;
  readonly cwd: string;
  readonly args: readonly string[];
  readonly exit: number;
  readonly selected?: readonly string[];
  readonly records?: readonly string[];
}

export interface Outcome {
  readonly exit: number;
  readonly selected?: readonly string[];
  readonly records: readonly string[];
  /** Objects counted as unreadable. */
  readonly errors: number;
}

export function readCases(): readonly SelectionCase[] {
  const lines = readFileSync(`${repository}/test/golden/data/selection.jsonl`, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as SelectionCase);
}

/** Builds the tree of a case below `tmp`; what it returns ends the sockets in it. With `owner` all belongs to that id. */
export async function materialise(one: SelectionCase, tmp: string, owner?: number): Promise<() => void> {
  const servers: Server[] = [];
  mkdirSync(`${tmp}/tree`);
  for (const [path, type, ...rest] of one.tree) {
    const full = `${tmp}/tree/${path}`;
    if (type === 'f') writeFileSync(full, 'content');
    if (type === 'd') mkdirSync(full);
    if (type === 'l') symlinkSync(String(rest[0]), full);
    if (type === 'p') make('mkfifo', [full]);
    if (type === 'c' || type === 'b') make('mknod', [full, type, ...rest.map(String)]);
    if (type === 's') {
      const server = createServer().listen(full);
      await once(server, 'listening');
      servers.push(server);
    }
    if (owner !== undefined) chownSync(full, owner, owner);
  }
  for (const [path, time] of Object.entries(one.mtimes ?? {})) utimesSync(`${tmp}/tree/${path}`, time, time);
  for (const [path, mode] of Object.entries(one.modes ?? {})) chmodSync(`${tmp}/tree/${path}`, mode);
  for (const [name, content] of Object.entries(one.files ?? {})) writeFileSync(`${tmp}/${name}`, fill(content, tmp));
  return () => {
    for (const server of servers) server.close();
  };
}

/** What this program selects, from the words of the command line to the walk. */
export function select(one: SelectionCase, tmp: string): Outcome {
  const events: Event[] = [];
  const counters = { errors: 0 };
  const emit = (event: Event): void => void events.push(event);
  const before = process.cwd();
  process.chdir(fill(one.cwd, tmp));
  try {
    const words = ['full', '--no-encryption', ...one.args, one.source, 'file:///nowhere'];
    const command = parseCommandLine(
      words.map((word) => fill(word, tmp)),
      surroundings(fill(one.stdin ?? '', tmp)),
    );
    if (!('source' in command)) throw new Error('not a backup');
    const { selection: rules, copyLinks, nullSeparator } = command.settings;
    const root = command.source;
    const selection = buildSelection(rules, {
      root,
      ...inspectRoot(root, copyLinks ? 'follow' : 'keep'),
      nullSeparator,
      emit,
    });
    const selected: string[] = [];
    for (const { path } of walkSource({ root, selection, copyLinks, accounts: localAccounts(), emit, counters })) {
      selected.push(path === '' ? '.' : decodeName(path));
    }
    return { exit: 0, selected, records: warnings(events), errors: counters.errors };
  } catch (error) {
    if (!(error instanceof DuplicityError)) throw error;
    return { exit: error.exitCode, records: [...warnings(events), `ERROR ${error.exitCode}`], errors: 0 };
  } finally {
    process.chdir(before);
  }
}

function warnings(events: readonly Event[]): string[] {
  return events.flatMap((event) =>
    event.kind === 'warning' && event.code !== undefined && event.code !== 'generic'
      ? [`WARNING ${WARNINGS[event.code]}`]
      : [],
  );
}

function surroundings(stdin: string): Surroundings {
  return {
    env: {},
    now: 1_700_000_000,
    home: '/nowhere',
    homeOf: () => undefined,
    readFile: (path) => (path === '/dev/stdin' ? Buffer.from(stdin) : readFileSync(path)),
    readStdin: () => Buffer.from(stdin),
  };
}

function fill(text: string, tmp: string): string {
  return text.replaceAll('{SRC}', `${tmp}/tree`).replaceAll('{TMP}', tmp);
}

function make(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
