import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterAll } from 'vitest';
import { tempDir } from './temp.ts';

const mounted: string[] = [];

afterAll(() => {
  for (const dir of mounted.splice(0)) spawnSync('umount', ['-l', dir]);
});

/** A file system of its own with room for so many bytes; undefined, with a printed reason, where none can be mounted. */
export function tmpfs(bytes: number): string | undefined {
  const dir = tempDir();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0777`, 'none', dir]);
  if (status === 0) {
    mounted.push(dir);
    return dir;
  }
  rmSync(dir, { recursive: true });
  return undefined;
}

/** For `describe.runIf`: root in a container need not have the right to mount. */
export function requireMount(): boolean {
  const dir = process.getuid?.() === 0 ? tmpfs(65_536) : undefined;
  if (dir === undefined) console.warn('skipped: a tmpfs cannot be mounted here');
  return dir !== undefined;
}
