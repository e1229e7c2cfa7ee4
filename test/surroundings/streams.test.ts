import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { run, type RunResult } from '../support/processes.ts';
import { runDuplicity } from '../support/run.ts';
import { command, parseRecords, PLAIN, put, scene, treeOf, type Scene } from '../support/scene.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: 'content' });
});

/** The program in a shell, its words behind `$@`. */
async function shell(script: string, args: readonly string[]): Promise<RunResult> {
  return run('sh', ['-c', script, 'sh', ...(await command()), ...PLAIN, ...args]);
}

/** The pipes of a test are sockets, as they are under systemd. */
describe('the log file', () => {
  test.each(['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])('%s may be a socket', async (path) => {
    const words = [...PLAIN, '-v0', '--no-print-statistics', '--log-file', path, '--verbosity', '3', s.source, s.url];
    const { stdout } = endedWith(0, await runDuplicity(words));
    expect(stdout).toContain('NOTICE 1\n. Last full backup date: none\n\n');
  });

  test('/dev/stderr may be a socket', async () => {
    const words = [...PLAIN, '--no-print-statistics', '--log-file', '/dev/stderr', s.source, s.url];
    const { stderr } = endedWith(0, await runDuplicity(words));
    expect(parseRecords(stderr).map(({ text }) => text)).toContain('Last full backup date: none');
  });

  test('that is the file of standard output is not written over', async () => {
    const out = `${s.dir}/out`;
    endedWith(0, await shell(`"$@" > '${out}'`, ['--log-file', '/dev/stdout', s.source, s.url]));
    const text = readFileSync(out, 'utf8');
    expect(text).toContain('\nNOTICE 1\n. Last full backup date: none\n');
    expect(text).toMatch(/^Last full backup date: none$/m);
    expect(text).not.toContain('\0');
  });

  test('of a descriptor that is closed is a sentence', async () => {
    const { status, stderr } = await shell('"$@" 7>&-', ['--log-file', '/dev/fd/7', s.source, s.url]);
    expect([status, stderr]).toEqual([
      2,
      "Command line error: Cannot open the log file /dev/fd/7: it is not open for writing.\nEnter 'duplicity --help' for help screen.\n",
    ]);
  });
});

test.each([
  ['input', '"$@" <&-'],
  ['output', '"$@" >&-'],
  ['error', '"$@" 2>&-'],
  ['input, output and error', '"$@" <&- >&- 2>&-'],
  ['output, of which the reader is gone,', '"$@" | :'],
])('a backup and a restore work with standard %s closed', async (_, script) => {
  endedWith(0, await shell(script, [s.source, s.url]));
  endedWith(0, await shell(script, ['restore', s.url, `${s.dir}/out`]));
  expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
});
