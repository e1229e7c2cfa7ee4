import { rmSync, symlinkSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { essence, MODES, perform } from '../support/programs.ts';
import { put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

const { writing, reading } = MODES.gz;

describe.runIf(requireReference())('collection-status, byte for byte as the reference', () => {
  let home: string;
  let url: string;

  beforeAll(async () => {
    home = testHome();
    const dir = tempDir();
    const src = `${dir}/src`;
    url = `file://${dir}/remote`;
    const backUp = async (k: number, args: readonly string[] = []): Promise<void> => {
      await perform('ours', ['--current-time', String(timeOfSet(k)), ...writing, ...args, src, url], { home });
    };
    put(src, { a: 'one', 'd/b': 'two', 'we ird\n"name"': 'x', ['é'.repeat(20)]: 'y', empty: null });
    symlinkSync('a', `${src}/link`);
    await backUp(0);
    put(src, { a: 'changed', new: 'new' }, timeOfSet(0));
    rmSync(`${src}/d`, { recursive: true });
    await backUp(1);
    await backUp(2);
    put(src, { a: 'unlisted' }, timeOfSet(2));
    await backUp(3, ['--no-files-changed']);
  });

  async function both(args: readonly string[]): Promise<readonly string[]> {
    const words = ['collection-status', ...reading, ...args, url];
    const [ours, theirs] = [await perform('ours', words, { home }), await perform('the reference', words, { home })];
    return [essence(ours), essence(theirs)];
  }

  test('of the chains', async () => {
    const [ours, theirs] = await both([]);
    expect(ours).toBe(theirs);
  });

  test.each([0, 1, 2, 3, -1, -4])('--show-changes-in-set %i', async (index) => {
    const [ours, theirs] = await both(['--show-changes-in-set', String(index)]);
    expect(ours).toBe(theirs);
    expect(ours).toContain('\nTotal number of changes: ');
  });

  test.each(['a', 'd/b', 'new', 'link', 'nothing', 'é'.repeat(20)])(
    '--file-changed %s, but for the marks of a byte string',
    async (path) => {
      const [ours, theirs] = await both(['--file-changed', path]);
      expect(ours).toBe(theirs?.replace(/ {2}( *)b'(\w+)'$/gm, '     $1$2'));
      expect(ours).toContain(`\nFile: ${path}\n`);
    },
  );

  test('of both: the set goes before the file', async () => {
    const [ours, theirs] = await both(['--file-changed', 'a', '--show-changes-in-set', '0']);
    expect(ours).toBe(theirs);
  });
});
