import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll } from 'vitest';

const made: string[] = [];

// Importing this file registers the clean-up with the test file that imports it. A benchmark is no test.
if (process.env['VITEST'] === undefined) process.once('exit', cleanUp);
else afterAll(cleanUp);

function cleanUp(): void {
  if (process.env['KEEP_TMP'] !== undefined) {
    console.log(`kept: ${made.join(' ')}`);
    return;
  }
  for (const dir of made.splice(0)) remove(dir);
}

/** An empty directory that is removed after the last test of the file. With KEEP_TMP set it stays, for a look. */
export function tempDir(parent: string = realpathSync(tmpdir())): string {
  const dir = mkdtempSync(`${parent}/duplicity-test-`);
  made.push(dir);
  return dir;
}

function remove(dir: string): void {
  try {
    rmSync(dir, { recursive: true, force: true });
  } catch {
    // Not root: a restored tree may hold directories that nobody may enter.
    spawnSync('chmod', ['-R', 'u+rwx', dir]);
    rmSync(dir, { recursive: true, force: true });
  }
}
