import { beforeEach, describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { root } from '../support/paths.ts';
import { run, type RunResult } from '../support/processes.ts';
import { runDuplicity } from '../support/run.ts';
import { command, noise, PLAIN, put, scene, treeOf, type Scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { big: noise(2_500_000), small: 'x' });
});

/** Runs words with at most so many KB of addresses. */
function limited(kb: number, words: readonly string[], args: readonly string[]): Promise<RunResult> {
  const env = { PASSPHRASE: 'a passphrase' };
  return run('sh', ['-c', `ulimit -c 0; ulimit -v ${kb}; exec "$@"`, 'sh', ...words, ...args], { env });
}

describe.runIf(process.platform === 'linux')('under a limit of the address space', () => {
  test.each([
    ['the launcher', command],
    ['the bundle', () => Promise.resolve([`${root}/dist/duplicity.cjs`])],
  ] as const)('backups, restores and lists work in 1.5 GB, started by %s', async (_, way) => {
    await runDuplicity(['--version']);
    const words = await way();
    const go = async (...args: readonly string[]): Promise<RunResult> =>
      endedWith(0, await limited(1_500_000, words, ['--volsize', '1', ...args]));
    await go('full', s.source, s.url);
    put(s.source, { big: noise(2_600_000) }, timeOfSet(1));
    await go('incremental', s.source, s.url);
    expect((await go('list-current-files', s.url)).stdout).toContain('big');
    await go('restore', s.url, `${s.dir}/out`);
    expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
  });

  test('that is too small for Node.js, the launcher says so in a sentence', async () => {
    expect(await limited(300_000, await command(), [...PLAIN, s.source, s.url])).toMatchObject({
      status: 1,
      stdout: '',
      stderr:
        'duplicity: Node.js does not start with an address space of 300000 KB (ulimit -v). Raise the limit: see docs/performance.md.\n',
    });
  });
});
