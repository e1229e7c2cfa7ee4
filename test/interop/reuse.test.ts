import { rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { gnupgHome } from '../support/gnupg.ts';
import type { RunResult } from '../support/processes.ts';
import { gpgEnv, type Mode, MODES, perform, type Program } from '../support/programs.ts';
import { seeded } from '../support/random.ts';
import { treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference, requireTool } from '../support/tools.ts';
import { changingTree } from '../reuse/trees.ts';

// Full backups that hold volumes of an older one, which the reference has written, are read and continued by the reference.
// REUSE=all: all modes, and 30 in a row.

const isLong = process.env['REUSE'] === 'all';
const ROUNDS = isLong ? 30 : 2;
const SLOW_MACHINE_MS = 900_000;

const canRun = requireReference() && requireTool('gpg');
const modes: readonly Mode[] = isLong
  ? [MODES.plain, MODES.gz, MODES.symmetric, MODES.publicKey, MODES.hidden, MODES.signed]
  : [MODES.gz, MODES.signed];

describe.runIf(canRun)('a full backup with volumes of another', () => {
  let env: Record<string, string> = {};
  beforeAll(() => {
    env = gpgEnv(gnupgHome());
  });

  describe.each(modes)('$name', (mode) => {
    let dir = '';
    let url = '';
    const how = mode === MODES.hidden ? 'copy' : 'auto';
    const run = (program: Program, k: number, ...words: readonly string[]): Promise<RunResult> =>
      perform(program, [...words, '--current-time', String(timeOfSet(k))], {
        home: `${dir}/home ${program}`,
        cwd: dir,
        env,
      });
    const write = (program: Program, k: number, action: string, ...more: readonly string[]): Promise<RunResult> =>
      run(program, k, action, '--volsize', '1', ...mode.writing, ...more, `${dir}/src`, url);
    const restored = async (program: Program, k: number): Promise<unknown> => {
      const target = `${dir}/out`;
      await run(program, k, 'restore', ...mode.reading, '--time', String(timeOfSet(k)), url, target);
      const tree = treeOf(target);
      rmSync(target, { recursive: true });
      return tree;
    };

    test('is like any other to the reference, and goes on', { timeout: SLOW_MACHINE_MS }, async () => {
      dir = tempDir();
      url = `file://${dir}/remote`;
      const tree = changingTree(`${dir}/src`, seeded(7), { files: 60, large: 2_500_000 });
      await write('the reference', 0, 'full');
      tree.change(1, 1);
      const { stdout } = await write('ours', 1, 'full', '--reuse-volumes', how);
      expect(Number(/(\d+) volumes? .* reused; /.exec(stdout)?.[1])).toBeGreaterThan(1);
      expect(await restored('the reference', 1)).toEqual(treeOf(`${dir}/src`));
      const verify = await run('the reference', 1, 'verify', '--compare-data', ...mode.reading, url, `${dir}/src`);
      expect(verify.stdout).toContain(' 0 differences found.');
      const list = ['list-current-files', ...mode.reading, url];
      const paths = ({ stdout: text }: RunResult): readonly string[] => text.match(/^\w{3} \w{3} [ \d]\d .*$/gm) ?? [];
      expect(paths(await run('the reference', 1, ...list))).toEqual(paths(await run('ours', 1, ...list)));
      const before = treeOf(`${dir}/src`);
      tree.change(2, 2);
      await write('the reference', 2, 'incremental');
      expect(await restored('ours', 2)).toEqual(treeOf(`${dir}/src`));
      expect(await restored('ours', 1)).toEqual(before);
    });
  });

  test('is followed by many more, old ones removed in between', { timeout: SLOW_MACHINE_MS }, async () => {
    const dir = tempDir();
    const url = `file://${dir}/remote`;
    const tree = changingTree(`${dir}/src`, seeded(8), { files: 60, large: 2_500_000 });
    const run = (program: Program, k: number, ...words: readonly string[]): Promise<RunResult> =>
      perform(program, [...words, '--no-encryption', '--current-time', String(timeOfSet(k))], {
        home: `${dir}/home ${program}`,
        cwd: dir,
      });
    await run('the reference', 0, 'full', '--volsize', '1', `${dir}/src`, url);
    let reused = 0;
    for (let k = 1; k <= ROUNDS; k++) {
      tree.change(k, 2);
      const words = ['--volsize', '1', '--reuse-volumes', 'auto', `${dir}/src`, url];
      const { stdout } = await run('ours', k, 'full', ...words);
      reused += Number(/(\d+) volumes? .* reused; /.exec(stdout)?.[1] ?? 0);
      const verify = await run('the reference', k, 'verify', '--compare-data', url, `${dir}/src`);
      expect(verify.stdout).toContain(' 0 differences found.');
      await run('ours', k, 'remove-all-but-n-full', '1', '--force', url);
      const target = `${dir}/out`;
      await run(k % 2 === 0 ? 'ours' : 'the reference', k, 'restore', url, target);
      expect(treeOf(target)).toEqual(treeOf(`${dir}/src`));
      rmSync(target, { recursive: true });
    }
    expect(reused).toBeGreaterThan(ROUNDS);
  });
});
