import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { UsageError } from '../errors/errors.ts';
import { bytePath } from '../util/bytepath.ts';
import { humanOutput } from './human.ts';
import type { Sink } from './sink.ts';

process.env['TZ'] = 'UTC';

/** Writes to both streams, in order, `e:` and `o:` before each. */
function screen(verbosity: number, timestamps = false, columns?: () => number | undefined) {
  const writes: string[] = [];
  const sink = (name: string): Sink => ({
    write: (bytes) => void writes.push(`${name}:${bytes.toString('latin1')}`),
    close: () => void writes.push(`${name} closed`),
  });
  const output = humanOutput({ verbosity, timestamps, stdout: sink('o'), stderr: sink('e'), columns });
  return { writes, output };
}

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-21T09:08:07.006Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

test('errors go to stderr after what was said before them, everything else to stdout', () => {
  const { writes, output } = screen(9);
  output.emit({ kind: 'warning', text: 'w' });
  output.emit({ kind: 'notice', text: 'n' });
  output.emit({ kind: 'failed', error: new UsageError('BAD_URL', "Bad URL 'x'.") });
  output.emit({ kind: 'info', text: 'i' });
  output.close();
  expect(writes).toEqual(['o:w\nn\n', "e:Bad URL 'x'.\n", 'o:i\n', 'o closed', 'e closed']);
});

test.each([
  [0, 'forced\n'],
  [1, 'forced\n'],
  [2, 'warning\nforced\n'],
  [3, 'warning\nnotice\nforced\n'],
  [4, 'warning\nnotice\nforced\n'],
  [5, 'warning\nnotice\ninfo\nforced\n'],
  [8, 'warning\nnotice\ninfo\nforced\nstatus\n'],
  [9, 'warning\nnotice\ninfo\ndebug\nforced\nstatus\n'],
])('at verbosity %i exactly the messages up to it and the results are shown', (verbosity, shown) => {
  const { writes, output } = screen(verbosity);
  for (const kind of ['warning', 'notice', 'info', 'debug', 'forced'] as const) output.emit({ kind, text: kind });
  output.emit({ kind: 'collectionStatus', text: 'status', data: [], forced: false });
  output.flush();
  expect(writes.join('')).toBe(`o:${shown}`);
});

test('names are written as the bytes they are', () => {
  const { writes, output } = screen(5);
  output.emit({ kind: 'fileNew', path: bytePath('\xff\nx') });
  output.flush();
  expect(writes).toEqual(['o:A \xff\nx\n']);
});

test('a timestamp stands once before a message of several lines', () => {
  const { writes, output } = screen(3, true);
  output.emit({ kind: 'notice', text: 'one\ntwo' });
  output.emit({ kind: 'error', text: 'bad' });
  expect(writes).toEqual(['o:2026-11-21 09:08:07,006 NOTICE one\ntwo\n', 'e:2026-11-21 09:08:07,006 ERROR bad\n']);
});

test('many short lines are gathered into few large writes, complete and in order', () => {
  const { writes, output } = screen(3);
  for (let i = 0; i < 20_000; i++) output.emit({ kind: 'listed', path: bytePath(`f${i}`), type: 'reg', mtime: 0 });
  output.flush();
  const lines = writes
    .map((write) => write.slice(2))
    .join('')
    .split('\n');
  expect(lines.length).toBe(20_001);
  expect(lines[19_999]).toBe('Thu Jan  1 00:00:00 1970 f19999');
  expect(writes.length).toBeLessThan(15);
});

test('a line does not wait for more to come', () => {
  const { writes, output } = screen(3);
  output.emit({ kind: 'notice', text: 'n' });
  expect(writes).toEqual([]);
  vi.advanceTimersByTime(60);
  expect(writes).toEqual(['o:n\n']);
});

test('during long work without a pause lines are written as time goes by', () => {
  const { writes, output } = screen(3);
  output.emit({ kind: 'notice', text: 'a' });
  // The clock moves, timers do not run: nothing gave control back.
  vi.setSystemTime(Date.now() + 60);
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60);
  output.emit({ kind: 'notice', text: 'b' });
  expect(writes).toEqual(['o:a\nb\n']);
  vi.restoreAllMocks();
});

const state = {
  bytes: 10 * 1024 ** 2,
  elapsedSeconds: 1,
  percent: 11,
  etaSeconds: 7,
  bytesPerSecond: 3 * 1024 ** 2,
  stalled: false,
};
const LINE = '10.0MB 00:00:01 [3.0MB/s] [====>                                    ] 11% ETA 7sec\n';

test('progress is one line after the other where nobody looks', () => {
  const { writes, output } = screen(3);
  for (let i = 0; i < 2; i++) output.emit({ kind: 'backupProgress', state });
  expect(writes).toEqual([`o:${LINE}`, `o:${LINE}`]);
});

test('on a terminal a progress line takes the place of the one before, and of nothing else', () => {
  const { writes, output } = screen(3, false, () => undefined);
  for (let i = 0; i < 2; i++) output.emit({ kind: 'backupProgress', state });
  output.emit({ kind: 'warning', text: 'w' });
  output.emit({ kind: 'backupProgress', state });
  expect(writes).toEqual([`o:${LINE}`, `o:\x1b[F\x1b[2K${LINE}`, `o:w\n${LINE}`]);
});

test('on a narrow terminal its bar gives way, so that it stays one line', () => {
  const { writes, output } = screen(3, false, () => 60);
  output.emit({ kind: 'backupProgress', state });
  expect(writes).toEqual(['o:10.0MB 00:00:01 [3.0MB/s] [=>                 ] 11% ETA 7sec\n']);
});

test('progress is not shown below the verbosity of notices', () => {
  const { writes, output } = screen(2);
  output.emit({ kind: 'backupProgress', state });
  expect(writes).toEqual([]);
});
