import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isolatedEnv, testHome } from '../support/home.ts';
import { errorOf, json } from '../support/json.ts';
import { root } from '../support/paths.ts';
import { run, succeeded } from '../support/processes.ts';
import { command, duplicity, PLAIN } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

test('the example of docs/rekey.md is what happens', async () => {
  const text = readFileSync(`${root}/docs/rekey.md`, 'utf8');
  const block = /```console\n([^]*?)```/.exec(text)?.[1] ?? '';
  const steps = block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => step.trimEnd().split('\n'));
  expect(steps.length).toBeGreaterThan(5);
  const [home, dir] = [testHome(), tempDir()];
  mkdirSync(`${dir}/docs`);
  writeFileSync(`${dir}/docs/letter.txt`, 'first line\n');
  const words = (await command()).map((word) => `'${word}'`).join(' ');
  const script = [
    'set -e',
    `duplicity() { ${words} "$@"; }`,
    ...steps.flatMap(([line = ''], i) => [line.replaceAll('/tmp/', `${dir}/`), `echo "== ${i}"`]),
  ];
  const result = succeeded(await run('sh', ['-c', script.join('\n')], { env: isolatedEnv(home), cwd: dir }));
  expect(result.stdout + result.stderr).not.toContain('new-staple');
  const answers = result.stdout.split(/^== \d+$/m);
  for (const [i, [, ...shows]] of steps.entries()) for (const line of shows) expect(answers[i]).toContain(line.trim());
});

test('hidden keys, and a place without a backup, are refused', async () => {
  const hidden = await duplicity([...PLAIN, 'rekey', '--hidden-encrypt-key', 'x', 'file:///nowhere']);
  expect([hidden.status, hidden.stderr.split('\n')[0]]).toEqual([
    2,
    'Command line error: rekey adds no hidden keys: it could not tell what it has done already.',
  ]);
  const env = { PASSPHRASE: 'x', NEW_PASSPHRASE: 'y' };
  const empty = await json(['rekey', '--new-passphrase', `file://${tempDir()}`], { env });
  expect(errorOf(empty)).toMatchObject({ exitStatus: 30 });
});
