import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isolatedEnv, testHome } from '../support/home.ts';
import { root } from '../support/paths.ts';
import { run, succeeded } from '../support/processes.ts';
import { tempDir } from '../support/temp.ts';

interface Step {
  readonly command: string;
  /** Lines that have to be in the answer, as part of a line. */
  readonly shows: readonly string[];
}

/** The first console block of the README. */
function transcript(): readonly Step[] {
  const block = /```console\n([^]*?)```/.exec(readFileSync(`${root}/README.md`, 'utf8'))?.[1] ?? '';
  const steps = block.split(/^\$ /m).slice(1);
  return steps.map((step) => {
    const [command = '', ...shows] = step.trimEnd().split('\n');
    return { command, shows };
  });
}

test('the transcript of the README is what happens', async () => {
  const home = testHome();
  const dir = tempDir();
  mkdirSync(`${home}/docs`);
  mkdirSync(`${dir}/bin`);
  writeFileSync(`${home}/docs/letter.txt`, 'first line\nsecond line\n');
  // People take longer than a second between two versions.
  utimesSync(`${home}/docs/letter.txt`, 1_600_000_000, 1_600_000_000);
  writeFileSync(`${home}/docs/photo.jpg`, Buffer.alloc(70_000, 'x'));
  symlinkSync(`${root}/duplicity`, `${dir}/bin/duplicity`);
  const steps = transcript();
  expect(steps.length).toBeGreaterThan(6);
  // One shell, as a reader would type it; a marker ends each answer.
  const script = ['set -e', ...steps.flatMap(({ command }, i) => [command, `echo "== ${i}"`])].join('\n');
  const env = isolatedEnv(home, { PATH: `${dir}/bin:${process.env['PATH'] ?? ''}` });
  const result = await run('sh', ['-c', script.replaceAll('/tmp/', `${dir}/`)], { env, cwd: dir });
  succeeded(result);
  const answers = result.stdout.split(/^== \d+$/m);
  for (const [i, { shows }] of steps.entries()) for (const line of shows) expect(answers[i]).toContain(line);
});

test('the files of CONTRIBUTING, where one would look for things, are there', () => {
  const [, tour = ''] = readFileSync(`${root}/CONTRIBUTING.md`, 'utf8').split('### Where would you look for …');
  const files = [...(tour.split('\n## ')[0] ?? '').matchAll(/`(src\/[^`]+)`/g)].map(([, file]) => file);
  expect(files).toHaveLength(12);
  expect(files.filter((file) => !existsSync(`${root}/${file}`))).toEqual([]);
});
