import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** What bash offers for the last of `words`. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `. completions/duplicity.bash
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _duplicity
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', 'duplicity', ...words], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion in bash', () => {
  test('offers the options that begin like the word', () => {
    expect(offered('full', '--encrypt-k')).toEqual(['--encrypt-key']);
    expect(offered('full', '--hidden')).toEqual(['--hidden-encrypt-key']);
  });

  test('offers actions as the first word only', () => {
    expect(offered('remove-all')).toEqual(['remove-all-but-n-full', 'remove-all-inc-of-but-n-full']);
    expect(offered('full', 'remove-all')).toEqual([]);
  });

  test('offers the options that concern the action', () => {
    expect(offered('full', '--path-to')).toEqual([]);
    expect(offered('restore', '--path-to')).toEqual(['--path-to-restore']);
    expect(offered('ls', '--volsi')).toEqual([]);
    expect(offered('/home', '--volsi')).toEqual(['--volsize']);
  });

  test('offers the actions behind help', () => {
    expect(offered('hel')).toEqual(['help']);
    expect(offered('help', 'ver')).toEqual(['verify']);
  });

  test('offers directories, files or nothing for a value', () => {
    expect(offered('--archive-dir', 'test/cl')).toEqual(['test/cli']);
    expect(offered('--log-file', 'README')).toEqual(['README.md']);
    expect(offered('--volsize', '')).toEqual([]);
  });
});

test('the manual names every spelling and every action', () => {
  const manual = readFileSync(join(root, 'man/duplicity.1'), 'utf8').replaceAll('\\-', '-');
  const reference = readFileSync(join(import.meta.dirname, 'reference-options.txt'), 'utf8').split('\n');
  const hidden = ['--current-time', '--fail-on-volume', '--skip-volume', '--pydevd'];
  const flags = reference.flatMap((line) => (line.startsWith('--') ? [line.split(/[ =]/)[0] ?? ''] : []));
  expect(flags.length).toBeGreaterThan(100);
  expect(flags.filter((flag) => !hidden.includes(flag) && !manual.includes(`\\fB${flag}\\fR`))).toEqual([]);
});
