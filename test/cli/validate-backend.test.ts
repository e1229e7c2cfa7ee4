import { readdirSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test, vi } from 'vitest';
import { startDuplicity } from '../support/run.ts';
import { duplicity, faults, type Outcome } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

let dir: string;
beforeEach(() => {
  dir = tempDir();
  writeFileSync(`${dir}/theirs`, 'not ours');
});

function validate(...rules: readonly object[]): Promise<Outcome> {
  const words = ['validate-backend', '--num-retries', '1', '--backend-retry-delay', '0', `file://${dir}`];
  return duplicity(words, rules.length === 0 ? {} : faults(...rules));
}

test('a good place: every check is told, with speeds and guarantees, and nothing stays behind', async () => {
  const { status, stdout } = await validate();
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.filter((line) => line.startsWith('good')).length).toBe(9);
  expect(stdout).toMatch(/^good +a large file: \d+\.\d MB\/s up, \d+\.\d MB\/s down$/m);
  expect(stdout).toContain('yes     an upload that is cut off leaves nothing under its name');
  expect(lines.at(-1)).toBe('This place can hold backups.');
  expect(readdirSync(dir)).toEqual(['theirs']);
});

test.each([
  [{ op: 'put', do: 'error', match: 'large', code: 53 }, 53, 'a large file'],
  [{ op: 'put', do: 'truncate', bytes: 1, match: '.again' }, 50, 'a second upload replaces the first'],
  [{ op: 'put', do: 'skip', match: '.listed' }, 50, 'the listing shows each file once'],
  [{ op: 'delete', do: 'skip', match: '.deleted', count: 2 }, 50, 'what is deleted is gone'],
  [{ op: 'get', do: 'error', match: '.absent', code: 51 }, 51, 'is said not to be there'],
])('%j is found: exit %i', async (rule, exit, title) => {
  const { status, stdout } = await validate(rule);
  expect(status).toBe(exit);
  const failed = stdout.split('\n').filter((line) => line.startsWith('FAILED'));
  expect(failed).toEqual([expect.stringContaining(title)]);
  expect(stdout).toContain('This place cannot hold backups as it is.\n');
  expect(readdirSync(dir)).toEqual(['theirs']);
});

test('what cannot be deleted is named', async () => {
  const { stdout } = await validate({ op: 'delete', do: 'skip', match: '.large' });
  expect(stdout).toContain('LEFT    large could not be deleted\n');
  expect(readdirSync(dir).length).toBe(2);
});

test('an interrupted trial leaves nothing behind', async () => {
  const wait = faults({ op: 'get', match: '.again', do: 'delay', ms: 60_000 });
  const running = startDuplicity(['validate-backend', `file://${dir}`], wait);
  await vi.waitUntil(() => readdirSync(dir).some((name) => name.endsWith('.again')), { timeout: 20_000 });
  running.child.kill('SIGINT');
  expect((await running.result).status).toBe(4);
  expect(readdirSync(dir)).toEqual(['theirs']);
});
