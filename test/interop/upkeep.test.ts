import { cpSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { some } from '../support/forms.ts';
import { listing, type Listed } from '../support/listing.ts';
import { essence, other, perform, PROGRAMS, type Program } from '../support/programs.ts';
import { names, noise, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

const PLAIN = ['--no-encryption'];
/** Two chains, each begun by one program and continued by the other. */
const SETS: readonly (readonly [Program, 'full' | 'incremental'])[] = [
  ['ours', 'full'],
  ['the reference', 'incremental'],
  ['the reference', 'full'],
  ['ours', 'incremental'],
];

const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];

interface Archive {
  readonly dir: string;
  readonly url: string;
  readonly trees: readonly Listed[][];
}

/** An archive with these sets; each program has its own archive dir. */
async function write(
  sets: readonly (readonly [Program, 'full' | 'incremental', ...string[]])[],
  { archiveDirs = 'kept' }: { readonly archiveDirs?: 'kept' | 'lost' } = {},
): Promise<Archive> {
  const dir = tempDir();
  const url = `file://${dir}/remote`;
  const trees: Listed[][] = [];
  for (const [k, [program, action, ...options]] of sets.entries()) {
    put(`${dir}/src`, { large: noise(60_000 + k), [`new ${k}`]: `new ${k}` }, timeOfSet(k - 1));
    trees.push(listing(`${dir}/src`));
    const home = archiveDirs === 'lost' ? tempDir(dir) : `${dir}/${program}`;
    await perform(program, [action, ...at(k), ...PLAIN, ...options, `${dir}/src`, url], { home });
  }
  return { dir, url, trees };
}

/** Every state comes back through both. */
async function expectAll({ dir, url, trees }: Archive, options: readonly string[] = []): Promise<void> {
  for (const program of PROGRAMS) {
    for (const [k, tree] of trees.entries()) {
      const target = `${tempDir(dir)}/out`;
      const words = ['restore', '--time', String(timeOfSet(k)), ...PLAIN, ...options, url, target];
      await perform(program, words, { home: `${dir}/reader ${program}` });
      expect(listing(target)).toEqual(tree);
    }
  }
}

describe.runIf(requireReference())('an archive of both', () => {
  let archive: Archive;
  beforeAll(async () => {
    archive = await write(SETS);
    // What a run that died in its first volume leaves.
    writeFileSync(`${archive.dir}/remote/duplicity-full.20231101T000000Z.vol1.difftar.gz`, 'cut');
  });

  /** A copy for one program, which knows nothing of it. */
  const copyFor = (program: Program): { readonly dir: string; readonly url: string; readonly home: string } => {
    const dir = `${tempDir(archive.dir)}/${program.slice(0, 4).trim()}`;
    cpSync(`${archive.dir}/remote`, dir, { recursive: true });
    return { dir, url: `file://${dir}`, home: tempDir(archive.dir) };
  };
  const deletions = (stdout: string): readonly string[] =>
    stdout.split('\n').filter((line) => /^(?:Delet|Found|Re?run|[A-Z][a-z]{2} [A-Z][a-z]{2} )/.test(line));

  test.each<readonly [string, readonly string[], number]>([
    ['cleanup', ['cleanup'], 1],
    ['remove-older-than', ['remove-older-than', '2023-11-16T12:00:00Z'], 6],
    ['remove-all-but-n-full', ['remove-all-but-n-full', '1'], 6],
    ['remove-all-inc-of-but-n-full', ['remove-all-inc-of-but-n-full', '1'], 3],
    ['remove-older-than, with nothing that old', ['remove-older-than', '2023-11-14T00:00:00Z'], 0],
  ])('%s deletes the same files and says the same, whichever program runs', async (_name, words, count) => {
    const before = names(`${archive.dir}/remote`);
    const left = [];
    const said = [];
    for (const program of PROGRAMS) {
      const { dir, url, home } = copyFor(program);
      const dry = await perform(program, [...words, ...PLAIN, url], { home });
      expect(names(dir)).toEqual(before);
      const done = await perform(program, [...words, '--force', ...PLAIN, url], { home });
      left.push(names(dir));
      said.push([deletions(dry.stdout).toSorted(), deletions(done.stdout).toSorted()]);
      // The other one goes on with what is left.
      const next = tempDir(archive.dir);
      const status = await perform(other(program), ['collection-status', ...PLAIN, url], { home: next });
      expect(status.stdout).toContain('Found primary backup chain with matching signature chain:');
      await perform(other(program), ['incremental', ...at(5), ...PLAIN, `${archive.dir}/src`, url], { home: next });
      const target = `${next}/out`;
      await perform(program, ['restore', '--time', String(timeOfSet(3)), ...PLAIN, url, target], { home });
      expect(listing(target)).toEqual(archive.trees[3]);
    }
    expect(left[0]).toEqual(left[1]);
    expect(left[0]).toHaveLength(before.length - count);
    expect(said[0]).toEqual(said[1]);
  });

  test('has the same status and files for both, who fetch the same with --metadata-sync-mode full', async () => {
    const shown = [];
    const cached = [];
    for (const program of PROGRAMS) {
      const { url, home } = { url: `file://${archive.dir}/remote`, home: tempDir(archive.dir) };
      const read = (...words: readonly string[]) => perform(program, [...words, ...PLAIN, url], { home });
      const list = await read('list-current-files', '--metadata-sync-mode', 'full', '--time', String(timeOfSet(1)));
      shown.push([essence(list), essence(await read('collection-status'))]);
      const name = createHash('md5').update(url).digest('hex');
      cached.push(names(`${home}/.cache/duplicity/${name}`).filter((file) => file.startsWith('duplicity-')));
    }
    expect(shown[0]).toEqual(shown[1]);
    expect(cached[0]).toEqual(cached[1]);
    expect(cached[0]).toHaveLength(8);
  });
});

describe.runIf(requireReference())('a chain written in turn', () => {
  const prefixes = ['', '-manifest', '-archive', '-signature'].flatMap((kind) => [`--file-prefix${kind}`, `p${kind}-`]);

  test.each(some(PROGRAMS, (first) => first === 'the reference'))(
    'with prefixes, begun by %s, comes back through both',
    async (first) => {
      const archive = await write([
        [first, 'full', ...prefixes],
        [other(first), 'incremental', ...prefixes],
        [first, 'incremental', ...prefixes],
      ]);
      expect(names(`${archive.dir}/remote`).every((name) => name.startsWith('p-p-'))).toBe(true);
      await expectAll(archive, prefixes);
    },
  );

  test.each([['--short-filenames'], ['--old-filenames']])(
    'that the reference began with %s is continued with standard names',
    async (flag) => {
      const archive = await write([
        ['the reference', 'full', flag],
        ['the reference', 'incremental', flag],
        ['ours', 'incremental'],
        // With the option it would not see the standard names.
        ['the reference', 'incremental'],
      ]);
      const standard = names(`${archive.dir}/remote`).filter((name) => /^duplicity-.*\d{8}T\d{6}Z/.test(name));
      expect(standard).toHaveLength(6);
      await expectAll(archive);
    },
  );

  test('is continued by each where its archive dir is lost before every run', async () => {
    const archive = await write(SETS, { archiveDirs: 'lost' });
    expect(archive.trees).toHaveLength(SETS.length);
    await expectAll(archive);
  });
});
