import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { UsageError } from '../errors/errors.ts';
import { openLogFd, openLogFile, recordOutput } from './log-fd.ts';
import type { Sink } from './sink.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'log-fd-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

test('records obey the verbosity, results always pass, and each is written at once', () => {
  const writes: string[] = [];
  const sink: Sink = { write: (bytes) => void writes.push(bytes.toString()), close: () => {} };
  const output = recordOutput({ verbosity: 3, sink });
  output.emit({ kind: 'notice', text: 'n' });
  output.emit({ kind: 'info', text: 'i' });
  output.emit({ kind: 'progress', current: 1 });
  output.emit({ kind: 'forced', text: 'f' });
  expect(writes).toEqual(['NOTICE 1\n. n\n\n', 'NOTICE 1\n. f\n\n']);
});

test('a log file is appended to', () => {
  const file = join(dir, 'log');
  writeFileSync(file, 'before\n');
  const output = recordOutput({ verbosity: 9, sink: openLogFile(file) });
  output.emit({ kind: 'notice', text: 'é' });
  output.close();
  expect(readFileSync(file, 'utf8')).toBe('before\nNOTICE 1\n. é\n\n');
});

test('a log file that is the name of a descriptor is that one, which is written on where it is', () => {
  const file = join(dir, 'named');
  const fd = openSync(file, 'w');
  writeSync(fd, 'before\n');
  for (const path of [`/dev/fd/${fd}`, `/proc/self/fd/${fd}`]) {
    const output = recordOutput({ verbosity: 9, sink: openLogFile(path) });
    output.emit({ kind: 'notice', text: 'x' });
    output.close();
  }
  writeSync(fd, 'after\n');
  closeSync(fd);
  expect(readFileSync(file, 'utf8')).toBe('before\nNOTICE 1\n. x\n\nNOTICE 1\n. x\n\nafter\n');
  expect(() => openLogFile(`/dev/fd/${fd}`)).toThrow(/^Cannot open the log file .* not open for writing\.$/);
});

test('a log file that cannot be opened is a usage error', () => {
  expect(() => openLogFile(join(dir, 'absent', 'log'))).toThrow(UsageError);
});

test('a descriptor opened for writing is taken, one for reading or none is a usage error', () => {
  const file = join(dir, 'fd');
  const writable = openSync(file, 'w');
  expect(() => openLogFd(writable)).not.toThrow();
  closeSync(writable);
  const readable = openSync(file, 'r');
  expect(() => openLogFd(readable)).toThrow(UsageError);
  closeSync(readable);
  expect(() => openLogFd(9999)).toThrow(/--log-fd 9999 is not an open file descriptor/);
});

test.runIf(process.platform === 'linux')("the runtime's own descriptors are not taken for the log", () => {
  // Bundled, because a loader of TypeScript has descriptors of its own.
  const outfile = join(dir, 'own.mjs');
  const contents = `
    import { openLogFd } from './log-fd.ts';
    const taken = [];
    for (let fd = 3; fd < 40; fd++) { try { openLogFd(fd); taken.push(fd); } catch {} }
    process.stdout.write(JSON.stringify(taken));`;
  const stdin = { contents, resolveDir: import.meta.dirname };
  buildSync({ stdin, outfile, bundle: true, platform: 'node', format: 'esm' });
  const run = spawnSync(process.execPath, [outfile], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  expect(run.stdout).toBe('[3,4]');
});
