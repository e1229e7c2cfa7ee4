import { once } from 'node:events';
import { utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { run } from '../support/processes.ts';
import { backUp, command, duplicity, faults, noise, PLAIN, put, type Scene, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

const LINE =
  /^(\d+\.\d)(KB|MB) \d\d:\d\d:\d\d \[\d+\.\d(?:B|KB|MB)\/s\] \[(=*)>( *)\] (\d+)% ETA (?:< \d+\w+|\d+sec|\d+min.*|Stalled!)$/;
const PROGRESS = ['--progress', '--progress-rate', '1'];

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: noise(3_000_000), 'd/b': noise(2_000_000, 2), empty: null });
});

/** The progress lines of an output, and percent and amount of each. */
function progressOf(stdout: string): readonly { readonly percent: number; readonly amount: string }[] {
  return stdout.split('\n').flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null) return [];
    expect((match[3] ?? '').length + (match[4] ?? '').length).toBe(40);
    return [{ percent: Number(match[5]), amount: `${match[1]}${match[2]}` }];
  });
}

describe('--progress', () => {
  test('ends with all of it, in words and in a record', async () => {
    const { stdout, records } = await backUp(s, 0, PROGRESS);
    expect(progressOf(stdout).at(-1)).toEqual({ percent: 100, amount: '4.8MB' });
    expect(records.findLast(({ code }) => code === 16)).toMatchObject({
      level: 'NOTICE',
      fields: expect.stringMatching(/^5000000 \d+ 100 0 \d+ 0$/),
      text: stdout.split('\n').findLast((line) => LINE.test(line)),
    });
    // As every line does where nobody looks.
    expect(stdout).not.toContain('\u001b');
  });

  test('of an increment counts what has changed only', async () => {
    await backUp(s, 0);
    put(s.source, { 'd/b': noise(1_000_000, 3) }, timeOfSet(0));
    const { stdout } = await backUp(s, 1, PROGRESS);
    expect(progressOf(stdout).at(-1)).toEqual({ percent: 100, amount: '976.6KB' });
    utimesSync(s.source, timeOfSet(1), timeOfSet(1));
    expect(progressOf((await backUp(s, 2, PROGRESS)).stdout)).toEqual([{ percent: 100, amount: '0.0KB' }]);
  });

  test('goes on while volumes are on their way, and never back', async () => {
    const slow = { op: 'put', match: 'difftar', do: 'delay', ms: 700 };
    const words = ['--volsize', '1', '--no-compression', '--concurrency', '0', ...PROGRESS, s.source, s.url];
    const { status, stdout } = await duplicity([...PLAIN, ...words], faults(slow));
    expect(status).toBe(0);
    const percents = progressOf(stdout).map(({ percent }) => percent);
    expect(percents.length).toBeGreaterThan(2);
    expect(percents.slice(0, -1).every((percent) => percent > 0 && percent < 100)).toBe(true);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  });

  test('is not shown for a dry run, nor without being asked for', async () => {
    expect(progressOf((await backUp(s, 0, ['--dry-run', ...PROGRESS])).stdout)).toEqual([]);
    expect(progressOf((await backUp(s, 0)).stdout)).toEqual([]);
  });

  test('does not make the backup say anything twice', async () => {
    const server = createServer().listen(`${s.source}/socket`);
    await once(server, 'listening');
    const { stdout, records } = await backUp(s, 0, ['-v5', ...PROGRESS]);
    server.close();
    expect(stdout.match(/^A a$/gm)).toHaveLength(1);
    expect(records.filter(({ code }) => code === 15)).toHaveLength(1);
  });

  test.runIf(requireTool('script'))('on a terminal is one line that changes', async () => {
    const slow = { op: 'put', match: 'difftar', do: 'delay', ms: 2500 };
    const words = [...(await command()), ...PLAIN, ...PROGRESS, s.source, s.url].map((word) => `'${word}'`).join(' ');
    const { stdout } = await run('script', ['-qec', `stty cols 70; ${words}`, '/dev/null'], faults(slow));
    const lines = stdout.split(/\r?\n/).filter((line) => line.includes('% ETA '));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.slice(1).every((line) => line.startsWith('\u001b[F\u001b[2K'))).toBe(true);
    expect(Math.max(...lines.map((line) => line.replace('\u001b[F\u001b[2K', '').length))).toBe(70);
  });
});
