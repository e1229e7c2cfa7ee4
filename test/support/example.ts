import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { isolatedEnv } from './home.ts';
import { root } from './paths.ts';
import { run, succeeded } from './processes.ts';
import { command } from './scene.ts';
import { tempDir } from './temp.ts';

interface Example {
  /** How many commands there are. */
  readonly steps: number;
  /** What `/tmp` was. */
  readonly dir: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the examples of a page of the project, one after the other, in a directory with `docs/letter.txt`, a `/tmp` and a
 * home of its own. Of what each command says, the lines that the page shows must be part.
 */
export async function runExample(page: string): Promise<Example> {
  const blocks = readFileSync(`${root}/${page}`, 'utf8').matchAll(/```console\n([^]*?)```/g);
  const steps = [...blocks]
    .flatMap(([, block = '']) => block.split(/^\$ /m).slice(1))
    .map((step) => step.trimEnd().split('\n'));
  const [home, dir] = [tempDir(), tempDir()];
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
  const { stdout, stderr } = result;
  return { steps: steps.length, dir, stdout, stderr };
}
