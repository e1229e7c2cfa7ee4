import { chmodSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { heard } from '../support/heard.ts';
import { searchPath } from '../support/home.ts';
import { root } from '../support/paths.ts';
import { run, start, type Running } from '../support/processes.ts';
import { runDuplicity } from '../support/run.ts';
import { command, faults, names, PLAIN, put, restoredTree, scene, treeOf, type Scene } from '../support/scene.ts';
import { requireTool } from '../support/tools.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: 'content' });
});

/** How users start the program: from a clone, and as npm installs it. */
const WAYS = [
  ['the launcher', command],
  ['the bundle', () => Promise.resolve([`${root}/dist/duplicity.cjs`])],
] as const;

/** Its first listing of the target takes so long. */
async function slow(
  words: readonly string[],
  { ms, prelude = '' }: { readonly ms: number; readonly prelude?: string },
): Promise<Running> {
  const args = ['-c', `${prelude} exec "$@"`, 'sh', ...words, ...PLAIN, s.source, s.url];
  const running = start('sh', args, faults({ op: 'list', do: 'delay', ms }));
  await heard(running, 'DUPLICITY_TEST_FAULTS is set');
  return running;
}

describe.runIf(process.platform === 'linux').each(WAYS)('started by %s', (_, way) => {
  test.each(['HUP', 'INT', 'TERM'] as const)('a run whose caller ignores SIG%s ignores it, too', async (name) => {
    await runDuplicity(['--version']);
    const running = await slow(await way(), { ms: 300, prelude: `trap '' ${name};` });
    running.child.kill(`SIG${name}`);
    expect((await running.result).status).toBe(0);
    expect(await restoredTree(s, 0, ['--time', 'now'])).toEqual(treeOf(s.source));
  });

  test('a run opens no debugger at SIGUSR1', async () => {
    const running = await slow(await way(), { ms: 300 });
    running.child.kill('SIGUSR1');
    const { status, stderr } = await running.result;
    expect(stderr).not.toContain('Debugger');
    expect(status).toBe(0);
  });
});

test.runIf(requireTool('par2'))(
  'a terminal that hangs up does not reach the programs that a run under nohup has started',
  async () => {
    // Each hangs up before it works, on all of the session of the run.
    const bin = `${s.dir}/bin`;
    const hangUp = 'kill -HUP "-$(ps -o sid= -p "$PPID" | tr -d " ")"';
    put(s.dir, { 'bin/par2': `#!/bin/sh\n${hangUp}\nPATH="\${PATH#*:}" exec par2 "$@"\n` });
    chmodSync(`${bin}/par2`, 0o755);
    const script = 'trap \'\' HUP; exec "$@"';
    const args = ['-w', 'sh', '-c', script, 'sh', ...(await command()), ...PLAIN, s.source, `par2+${s.url}`];
    const { status, stderr } = await run('setsid', args, { env: { PATH: `${bin}:${searchPath()}` } });
    expect([status, stderr]).toEqual([0, '']);
    expect(names(s.remote).some((name) => name.endsWith('.par2'))).toBe(true);
  },
);

test.each([
  ['SIGINT', 4],
  ['SIGHUP', 129],
  ['SIGTERM', 143],
] as const)('%s is told at the usual verbosity, and ends the run with %i', async (name, expected) => {
  const running = await slow(await command(), { ms: 600_000 });
  running.child.kill(name);
  const { status, stdout } = await running.result;
  expect([status, stdout.split('\n').at(-2)]).toEqual([expected, `${name.slice(3)} intercepted...exiting.`]);
  expect(names(s.remote)).toEqual([]);
});

describe.runIf(process.platform === 'linux').each(['rdiffdir', 'dist/rdiffdir.cjs'])('%s', (program) => {
  /** Waits for the rest of a delta, its signal handlers in place: node itself has none for SIGHUP. */
  async function waiting(prelude = ''): Promise<Running> {
    await runDuplicity(['--version']);
    const args = ['-c', `${prelude} exec "$0" patch source -`, `${root}/${program}`];
    const running = start('sh', args, { cwd: s.dir, holdInput: true });
    const caught = (): boolean => {
      const status = readFileSync(`/proc/${running.child.pid}/status`, 'latin1');
      const mask = Number.parseInt(/^SigCgt:\s*[\da-f]{8}([\da-f]{8})$/m.exec(status)?.[1] ?? '0', 16);
      return ((mask >>> (constants.signals.SIGHUP - 1)) & 1) === 1;
    };
    while (!caught() && running.child.exitCode === null) await setImmediate();
    return running;
  }

  test('tells of a signal that ends it', async () => {
    const running = await waiting();
    running.child.kill('SIGTERM');
    expect(await running.result).toMatchObject({ status: 143, stderr: 'TERM intercepted...exiting.\n' });
  });

  test('ignores what its caller ignores, and opens no debugger', async () => {
    const running = await waiting("trap '' HUP;");
    running.child.kill('SIGHUP');
    running.child.kill('SIGUSR1');
    running.child.stdin.end();
    expect(await running.result).toMatchObject({ status: 0, stderr: '' });
  });
});
