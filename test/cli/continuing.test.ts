import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import {
  backUp,
  command,
  duplicity,
  good,
  names,
  noise,
  PLAIN,
  put,
  restoredTree,
  type Scene,
  scene,
  treeOf,
} from '../support/scene.ts';
import { start } from '../support/processes.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
});

const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];
const remove = (part: string): string => {
  const name = names(s.remote).find((name) => name.includes(part)) ?? '';
  rmSync(`${s.remote}/${name}`);
  return name;
};

describe('a chain that lacks a volume', () => {
  beforeEach(async () => {
    put(s.source, { a: noise(2_500_000) });
    await backUp(s, 0, ['--volsize', '1']);
    put(s.source, { b: 'two' }, timeOfSet(0));
    await backUp(s, 1);
  });

  test.each(['.vol2.', '.vol3.', '.to.20231115T221320Z.vol1.'])(
    '(%s) is not continued: an increment fails, and otherwise a full backup takes its place',
    async (part) => {
      const name = remove(part);
      const before = names(s.remote);
      const explicit = await duplicity([...PLAIN, ...at(2), 'incr', s.source, s.url]);
      expect(explicit.status).toBe(52);
      expect(explicit.stderr).toMatch(/^Volume \S+ is in the manifest but not on the remote\.\nBring /);
      expect(explicit.stderr).toContain(name);
      expect(names(s.remote)).toEqual(before);
      const implied = await good([...at(2), s.source, s.url]);
      expect(implied.stdout).toContain(`Volume ${name} is in the manifest but not on the remote.\n`);
      expect(implied.stdout).toContain('making a full backup');
      expect(names(s.remote).filter((name) => name.startsWith('duplicity-full.'))).toContain(
        'duplicity-full.20231116T221320Z.manifest',
      );
      expect(await restoredTree(s, 2)).toEqual(treeOf(s.source));
      // The new chain is whole, whatever the old one lacks.
      await good([...at(3), 'incr', s.source, s.url]);
    },
  );

  test('is continued where the manifests are not looked at', async () => {
    remove('.vol2.');
    const { stdout } = await good([...at(2), '--no-check-remote', s.source, s.url]);
    expect(stdout).not.toContain('not on the remote');
    expect(names(s.remote).filter((name) => name.startsWith('duplicity-inc.'))).toHaveLength(4);
  });
});

test('--no-check-remote goes on where the last manifest and its copy differ', async () => {
  put(s.source, { a: 'one' });
  await backUp(s, 0);
  const name = names(s.remote).find((name) => name.endsWith('manifest')) ?? '';
  const archive = `${testHome()}/.cache/duplicity/${createHash('md5').update(s.url).digest('hex')}`;
  const text = readFileSync(`${archive}/${name}`, 'latin1').replace('Volume 1:', 'Volume 2:');
  appendFileSync(`${s.remote}/${name}`, text.slice(text.indexOf('Volume 2:'), text.indexOf('Filelist')));
  expect((await duplicity([...PLAIN, ...at(1), s.source, s.url])).status).toBe(5);
  await good([...at(1), '--no-check-remote', s.source, s.url]);
});

test('a run that meets another of the same second, with its own archive dir, writes nothing and leaves no note', async () => {
  put(s.source, { a: 'one' });
  const words = ['--backend-retry-delay', '0', ...at(0), s.source, s.url];
  // It has listed the remote when it asks; the answer comes when the other one is through.
  const [program = '', ...before] = await command();
  const setsid = ['-w', program, ...before, '--archive-dir', `${s.dir}/mine`, ...words];
  const waiting = start('setsid', setsid, { holdInput: true });
  await new Promise<void>((resolve) => {
    let said = '';
    waiting.child.stderr.on('data', (part: Buffer) => {
      said += part.toString();
      if (said.includes('decryption: ')) resolve();
    });
  });
  const other = await duplicity(words, { home: tempDir(), env: { PASSPHRASE: 'theirs' } });
  expect([other.status, other.stderr]).toEqual([0, '']);
  const stored = names(s.remote).map((name) => readFileSync(`${s.remote}/${name}`).toString('hex'));
  waiting.child.stdin.end('mine\nmine\n');
  const { status, stderr } = await waiting.result;
  expect(status).toBe(23);
  expect(stderr).toContain('vol1.difftar.gpg has appeared on the remote since this run began');
  expect(names(s.remote).map((name) => readFileSync(`${s.remote}/${name}`).toString('hex'))).toEqual(stored);
  const [mine = ''] = names(`${s.dir}/mine`);
  expect(names(`${s.dir}/mine/${mine}`).filter((name) => name.endsWith('.part'))).toEqual([]);
});
