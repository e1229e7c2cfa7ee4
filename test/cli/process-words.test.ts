import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'words-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

test.runIf(process.platform === 'linux')('a process gets the bytes of its command line', () => {
  const contents = `
    import { wordBytes } from './words/raw-argv.ts';
    import { processWords } from './surroundings.ts';
    process.stdout.write(JSON.stringify(processWords().map(wordBytes)));`;
  const resolveDir = join(import.meta.dirname, '../../src/cli');
  const outfile = join(dir, 'words.mjs');
  buildSync({ stdin: { contents, resolveDir }, outfile, bundle: true, platform: 'node', format: 'esm' });
  const command = `exec "$NODE" "$MAIN" full "$(printf 'f\\377\\303\\251')" ''`;
  const env = { ...process.env, NODE: process.execPath, MAIN: outfile };
  const run = spawnSync('sh', ['-c', command], { encoding: 'utf8', env });
  expect(JSON.parse(run.stdout)).toEqual(['full', 'f\xff\xc3\xa9', '']);
});
