import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory that is gone after the running test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'pipeline-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
