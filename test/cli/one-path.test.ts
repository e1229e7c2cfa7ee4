import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { gnupgHome } from '../support/gnupg.ts';
import type { RunOptions } from '../support/processes.ts';
import { gpgEnv, MODES, perform } from '../support/programs.ts';
import { noise, put, type Scene, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

const MODES_HERE = [MODES.gz, MODES.symmetric, MODES.signed].filter(
  ({ isEncrypted }) => !isEncrypted || requireTool('gpg'),
);

// The large files lie in several volumes of every set, in front of what is wanted and behind it.
describe.each(MODES_HERE)('one path of a backup whose other files cross volumes in every set, $name', (mode) => {
  let s: Scene;
  let options: RunOptions;
  const states: ReturnType<typeof treeOf>[] = [];

  beforeAll(async () => {
    s = scene();
    options = { home: tempDir(), env: mode.isEncrypted ? gpgEnv(gnupgHome()) : {} };
    put(s.source, { 'd/small': 'small', 'd/e/x': 'x', 'z small': 'z' });
    for (const k of [0, 1, 2]) {
      const large = Buffer.concat(Array.from({ length: k + 1 }, (_, i) => noise(1_300_000, i + 1)));
      put(s.source, { 'a big': large, 'd/big': large, 'y big': large, [`d/e/${k}`]: 'new' }, timeOfSet(k) - 60);
      states.push(treeOf(`${s.source}/d/e`));
      const time = ['--current-time', String(timeOfSet(k))];
      await perform('ours', ['--volsize', '1', ...time, ...mode.writing, s.source, s.url], options);
    }
  });

  const read = (...words: readonly string[]) => perform('ours', [...words, ...mode.reading], options);

  test.each([0, 2])('is restored as it was in set %i, a file and a directory', async (k) => {
    const out = tempDir();
    const time = ['--time', String(timeOfSet(k))];
    await read('restore', ...time, '--file-to-restore', 'd/small', s.url, `${out}/small`);
    expect(readFileSync(`${out}/small`, 'utf8')).toBe('small');
    await read('restore', ...time, '--file-to-restore', 'd/e', s.url, `${out}/e`);
    expect(treeOf(`${out}/e`)).toEqual(states[k]);
  });

  test('is compared', async () => {
    const only = ['verify', '--compare-data', '--file-to-restore'];
    const file = await read(...only, 'z small', s.url, `${s.source}/z small`);
    expect(file.stdout).toContain('Verify complete: 1 file compared, 0 differences found.');
    const directory = await read(...only, 'd', s.url, `${s.source}/d`);
    expect(directory.stdout).toContain(', 0 differences found.');
  });
});
