import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { OWNER } from '../abandoned.ts';
import type { Spool } from '../spool.ts';

/** A directory that is gone after the running test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'pipeline-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** What lies in the spool, but for the mark of the process it belongs to. */
export function spooled({ directory }: Pick<Spool, 'directory'>): string[] {
  return readdirSync(directory).filter((name) => name !== OWNER);
}
