import { lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import type { Listed } from '../support/listing.ts';
import { golden } from '../support/paths.ts';
import type { RunResult } from '../support/processes.ts';
import { restorable, restored } from '../support/restored.ts';
import { runDuplicity } from '../support/run.ts';
import { tempDir } from '../support/temp.ts';

/** A line of data/crafted/results.jsonl: what the reference made of an archive. */
interface Result {
  readonly name: string;
  readonly note: string;
  readonly 'exit_0.8.22': number;
  readonly restored?: readonly Listed[];
}

interface Deviation {
  readonly status: number;
  /** What lies in the target afterwards; every file holds its own name. */
  readonly paths: readonly string[];
  readonly says?: string;
}

/** Where the reference crashes or restores half a tree without a word; see docs/differences.md. */
const deviations: Readonly<Record<string, Deviation>> = {
  contiguous: { status: 0, paths: ['a'] },
  'diff-without-base': { status: 100, paths: [], says: 'a cannot be rebuilt' },
  dotdot: { status: 100, paths: [], says: 'unsafe name: snapshot/../evil' },
  'hard-link': { status: 100, paths: ['a'], says: 'snapshot/b that is a hard link' },
  'negative-mtime': { status: 0, paths: ['a', 'b'] },
  'no-parent': { status: 0, paths: ['d/', 'd/x', 'e'] },
  'no-root': { status: 0, paths: ['a', 'b'] },
  'odd-blocks': { status: 100, paths: [], says: 'big is damaged: piece 1 was expected, piece 7 was found' },
  'unknown-prefix': { status: 100, paths: ['a'], says: 'a member of an unknown kind: meta/x' },
  unordered: { status: 101, paths: ['b', 'c'], says: 'a does not stand in order' },
};

const results = readFileSync(golden('crafted/results.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Result);

describe('crafted archives', () => {
  test.each(results.filter(({ name }) => deviations[name] === undefined))(
    '$name: $note',
    async ({ name, restored: expected = [], ...result }) => {
      const { run, dir } = await restore(name);
      endedWith(result['exit_0.8.22'], run);
      expect(restored(`${dir}/target`)).toEqual(restorable(expected));
      expect(readdirSync(dir)).toEqual(['target']);
    },
  );

  test.each(Object.entries(deviations))(
    '%s: otherwise than the reference',
    async (name, { status, paths, says = '' }) => {
      const { run, dir } = await restore(name);
      endedWith(status, run);
      expect(run.stdout + run.stderr).toContain(says);
      expect(whatHoldsItsName(`${dir}/target`)).toEqual(paths);
      // A crash would show its stack, an escape something beside the target.
      expect(run.stderr).not.toMatch(/^ +at /m);
      expect(readdirSync(dir)).toEqual(['target']);
    },
  );

  test('a time before 1970 is restored', async () => {
    const { dir } = await restore('negative-mtime');
    expect(lstatSync(`${dir}/target/a`).mtimeMs).toBe(-5000);
  });
});

async function restore(name: string): Promise<{ run: RunResult; dir: string }> {
  const dir = `${tempDir()}/around`;
  mkdirSync(dir);
  const run = await runDuplicity(['restore', `file://${golden(`crafted/${name}`)}`, `${dir}/target`]);
  return { run, dir };
}

/** The paths below a directory; any other content of a file is shown with it. */
function whatHoldsItsName(target: string): string[] {
  return restored(target)
    .filter(({ path }) => path !== '.')
    .map(({ path, type }) => {
      if (type !== 'file') return `${path}/`;
      const content = readFileSync(`${target}/${path}`, 'latin1');
      return content === path.at(-1) ? path : `${path} with ${content}`;
    });
}
