import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import type { Call } from '../../src/backends/backend.ts';
import { localBackend } from '../../src/backends/local/local.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';

const mountPoint = mkdtempSync(join(tmpdir(), 'full-disk-'));
const isMounted = mount();

/** Needs the right to mount, which root in a container need not have. */
function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', mountPoint], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('full disk: skipped, a tmpfs cannot be mounted here');
    return false;
  }
}

afterAll(() => {
  if (isMounted) execFileSync('umount', [mountPoint]);
  rmdirSync(mountPoint);
});

describe.skipIf(!isMounted)('a full disk', () => {
  const call: Call = { signal: new AbortController().signal };
  const data = Buffer.alloc(1_500_000, 'x');
  async function* blocks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < data.length; at += 65_536) yield data.subarray(at, at + 65_536);
  }
  const spool = `${mountPoint}.spool`;
  afterAll(() => rmSync(spool, { force: true }));

  test.each(['blocks', 'a file'])(
    'is 53 at once for a body in %s, leaves nothing behind and the old files whole',
    async (kind) => {
      writeFileSync(spool, data);
      const said: unknown[] = [];
      const backend = withRetry(localBackend(mountPoint), {
        tries: 5,
        delayMs: 30_000,
        emit: (event) => said.push(event),
      });
      await backend.put(
        'small',
        {
          size: 5,
          open: async function* () {
            yield Buffer.from('whole');
          },
        },
        call,
      );
      const free = statfsSync(mountPoint).bavail;
      const body = { size: data.length, open: blocks, ...(kind === 'a file' && { file: spool }) };
      const failure = await backend.put('vol1', body, call).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'BACKEND_NO_SPACE',
        exitCode: 53,
        message: `Giving up after 1 attempts. OSError: Cannot store vol1 in ${mountPoint}: No space left on device (ENOSPC)`,
        hint: 'Free some space on the target, for example with remove-older-than.',
        fields: ['put', kind === 'a file' ? `'${spool}'` : "'vol1'", "'vol1'"],
      });
      expect(said).toEqual([]);
      expect(readdirSync(mountPoint)).toEqual(['small']);
      expect(statfsSync(mountPoint).bavail).toBe(free);
      expect(
        await backend.get(
          'small',
          async (bytes) => {
            let text = '';
            for await (const block of bytes) text += block.toString();
            return text;
          },
          call,
        ),
      ).toBe('whole');
    },
  );
});
