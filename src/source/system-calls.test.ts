import fs, { lutimesSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { buildSelection } from '../selection/selection.ts';
import type { Rule } from '../selection/rules.ts';
import { bytePath } from '../util/bytepath.ts';
import { localAccounts } from './accounts.ts';
import { inspectRoot } from './root.ts';
import { walkSource } from './walk.ts';

const COUNTED = ['lstatSync', 'statSync', 'readdirSync', 'readlinkSync', 'openSync', 'accessSync'] as const;
const original = { ...fs };
const root = mkdtempSync(join(tmpdir(), 'walk-calls-'));
const calls = new Map<string, number>();

afterEach(() => {
  for (const name of COUNTED) Object.assign(fs, { [name]: original[name] });
  syncBuiltinESMExports();
  rmSync(root, { recursive: true });
});

/** Lets the calls through and counts those about the tree. */
function count(): void {
  for (const name of COUNTED) {
    const call = original[name] as (...args: unknown[]) => unknown;
    const counting = (...args: unknown[]): unknown => {
      if (String(args[0]).startsWith(root)) calls.set(name, (calls.get(name) ?? 0) + 1);
      return call(...args);
    };
    Object.assign(fs, { [name]: counting });
  }
  syncBuiltinESMExports();
}

test('a walk looks once at each object, reads each directory once and opens nothing', () => {
  for (const dir of ['a', 'a/b', 'c']) {
    mkdirSync(join(root, dir));
    for (let i = 0; i < 20; i++) writeFileSync(join(root, dir, `file\u00e9${i}`), 'x');
  }
  symlinkSync('nowhere', join(root, 'link'));
  // A time just before a full second is asked for once more, exactly.
  for (const name of ['', ...readdirSync(root, { recursive: true, encoding: 'utf8' })]) {
    lutimesSync(join(root, name), 1_700_000_000, 1_700_000_000);
  }
  const path = bytePath(root);
  const rules: Rule[] = [{ kind: 'if-present', name: '.nobackup' }];
  const emit = (): void => {};
  const options = { root: path, ...inspectRoot(path, 'keep'), nullSeparator: false, emit };
  const selection = buildSelection(rules, options);
  const accounts = localAccounts();
  accounts.userName(0);
  accounts.groupName(0);
  count();
  const entries = [...walkSource({ root: path, selection, copyLinks: false, accounts, emit, counters: { errors: 0 } })];
  expect(entries).toHaveLength(65);
  // Once more after the listing of the root and once at the end, to see that it is still there.
  expect(Object.fromEntries(calls)).toEqual({ lstatSync: 67, readdirSync: 4, readlinkSync: 1 });
});
