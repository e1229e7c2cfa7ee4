import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { isolatedEnv, testHome } from './home.ts';
import { root } from './paths.ts';
import { run, succeeded } from './processes.ts';
import { command } from './scene.ts';
import { tempDir } from './temp.ts';

/**
 * Runs the first example of a page of the project, in a directory with `docs/letter.txt` and a `/tmp` of its own. Of what
 * each command says, the lines that the page shows must be part. Answers how many commands there are.
 */
export async function runExample(page: string): Promise<number> {
  const text = readFileSync(`${root}/${page}`, 'utf8');
  const block = /```console\n([^]*?)```/.exec(text)?.[1] ?? '';
  const steps = block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => step.trimEnd().split('\n'));
  const [home, dir] = [testHome(), tempDir()];
  mkdirSync(`${dir}/docs`);
  writeFileSync(`${dir}/docs/letter.txt`, 'first line\n');
  const words = (await command()).map((word) => `'${word}'`).join(' ');
  const script = [
    'set -e',
    `duplicity() { ${words} "$@"; }`,
    ...steps.flatMap(([line = ''], i) => [line.replaceAll('/tmp/', `${dir}/`), `echo "== ${i}"`]),
  ];
  const result = await run('sh', ['-c', script.join('\n')], { env: isolatedEnv(home), cwd: dir });
  succeeded(result);
  const answers = result.stdout.split(/^== \d+$/m).map((answer) => answer.replaceAll(`${dir}/`, '/tmp/'));
  for (const [i, [, ...shows]] of steps.entries()) for (const line of shows) expect(answers[i]).toContain(line.trim());
  return steps.length;
}
