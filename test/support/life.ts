import { expect } from 'vitest';
import { endedWith } from './ended.ts';
import { run, type RunOptions, type RunResult } from './processes.ts';
import { command, names, noise, put, scene, treeOf, type Scene } from './scene.ts';
import { timeOfSet } from './times.ts';

/** What is unusual around the program. */
export interface Surroundings {
  /** Commands of a shell before each run; `$DIR` is the directory of the scene. */
  readonly prelude?: string;
  /** Starts each run instead of `exec`; a command that starts what follows it. */
  readonly by?: string;
  readonly options?: RunOptions;
  /** What tells the program the time of set `k`. */
  readonly at?: (k: number) => { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> };
  /** What the shell says, not the program. */
  readonly aside?: RegExp;
  /** Done with the scene before the first run. */
  readonly prepare?: (s: Scene) => void;
}

/**
 * The life of a backup: full, incremental, verify, list, status, restore of both, another full, removal of the first
 * chain. Every run must end well, with nothing on standard error. Answers how many sets there were, and are left. Of a
 * `youth` that is full, incremental, status and restore, which do what the others do as well.
 */
export async function life(
  { prelude = ':', by = 'exec', options = {}, at = usual, aside = /^$/, prepare }: Surroundings,
  form: 'whole' | 'youth' = 'whole',
): Promise<readonly number[]> {
  const s = scene();
  put(s.source, { a: 'one', 'd/b': noise(1_200_000), 'd/é': 'x' });
  prepare?.(s);
  const words = await command();
  const go = async (k: number, ...args: readonly string[]): Promise<RunResult> => {
    const { args: more = [], env = {} } = at(k);
    const script = `${prelude}; ${by} "$@"`;
    const all = ['-c', script, 'sh', ...words, '--volsize', '1', ...more, ...args];
    const around = { DIR: s.dir, PASSPHRASE: 'a passphrase', ...options.env, ...env };
    const result = endedWith(0, await run('sh', all, { home: `${s.dir}/home`, ...options, env: around }));
    expect(result.stderr.replace(aside, '')).toBe('');
    return result;
  };
  await go(0, 'full', s.source, s.url);
  const before = contentOf(s.source);
  put(s.source, { a: 'two', 'd/b': noise(1_300_000, 2), c: 'new' }, timeOfSet(1));
  await go(1, 'incremental', s.source, s.url);
  const there = setsIn(await go(2, 'collection-status', s.url));
  await go(2, 'restore', s.url, `${s.remote}.new`);
  expect(contentOf(`${s.remote}.new`)).toEqual(contentOf(s.source));
  if (form === 'youth') return [there];
  const { stdout } = await go(2, 'verify', '--compare-data', s.url, s.source);
  expect(stdout).toContain(', 0 differences found');
  expect((await go(2, 'list-current-files', s.url)).stdout).toMatch(/ c$/m);
  const time = names(s.remote).map((name) => /full\.(\w+)\.manifest/.exec(name)?.[1]);
  await go(2, 'restore', '--time', time.find((text) => text !== undefined) ?? '', s.url, `${s.remote}.old`);
  expect(contentOf(`${s.remote}.old`)).toEqual(before);
  await go(3, 'full', s.source, s.url);
  await go(3, 'remove-all-but-n-full', '1', '--force', s.url);
  return [there, setsIn(await go(3, 'collection-status', s.url))];
}

function setsIn({ stdout }: RunResult): number {
  return Number(/^Number of contained backup sets: (\d+)$/m.exec(stdout)?.[1]);
}

/** Whoever restores owns it. */
function contentOf(dir: string): object[] {
  return treeOf(dir).map(({ uid: _uid, gid: _gid, ...rest }) => rest);
}

function usual(k: number): { readonly args: readonly string[] } {
  return { args: ['--current-time', String(timeOfSet(k))] };
}
