import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { LocalError } from '../errors/errors.ts';
import { fdSink } from './sink.ts';

test('everything is written in order', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sink-'));
  const fd = openSync(join(dir, 'f'), 'w');
  const sink = fdSink(fd);
  sink.write(Buffer.from('one'));
  sink.write(Buffer.from('two'));
  sink.close();
  closeSync(fd);
  expect(readFileSync(join(dir, 'f'), 'utf8')).toBe('onetwo');
  rmSync(dir, { recursive: true });
});

const child = (body: string): string =>
  `import { fdSink } from ${JSON.stringify(new URL('sink.ts', import.meta.url).href)};\n${body}`;

function shell(command: string, body: string) {
  const dir = mkdtempSync(join(tmpdir(), 'sink-'));
  const run = spawnSync('sh', ['-c', command], {
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, BODY: child(body) },
  });
  rmSync(dir, { recursive: true });
  return run;
}

const NODE = '"$NODE" --import tsx --input-type=module -e "$BODY"';

test('a reader that has gone away ends the output without an error', () => {
  const body = `
    const sink = fdSink(1);
    for (let i = 0; i < 100; i++) sink.write(Buffer.alloc(65536));
    sink.close();
    process.stderr.write('went on');`;
  expect(shell(`{ ${NODE}; echo "status $?" >&2; } | true`, body).stderr).toBe('went onstatus 0\n');
});

test('a slow reader of a non-blocking pipe gets every byte', () => {
  const body = `
    process.stdout;
    const sink = fdSink(1);
    for (let i = 0; i < 64; i++) sink.write(Buffer.alloc(65536));
    sink.close();`;
  expect(shell(`${NODE} | wc -c`, body).stdout.trim()).toBe(String(64 * 65536));
});

test.runIf(process.platform === 'linux')('a full disk is reported when the output is closed', () => {
  const fd = openSync('/dev/full', 'w');
  const sink = fdSink(fd);
  sink.write(Buffer.from('x'));
  expect(() => sink.close()).toThrow(LocalError);
  closeSync(fd);
});
