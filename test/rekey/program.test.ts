import { expect, test } from 'vitest';
import { runExample } from '../support/example.ts';
import { errorOf, json } from '../support/json.ts';
import { duplicity, PLAIN } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

test('the example of docs/rekey.md is what happens', async () => {
  const { steps, stdout, stderr } = await runExample('docs/rekey.md');
  expect(steps).toBeGreaterThan(5);
  expect(stdout + stderr).not.toContain('new-staple');
});

test('hidden keys, and a place without a backup, are refused', async () => {
  const hidden = await duplicity([...PLAIN, 'rekey', '--hidden-encrypt-key', 'x', 'file:///nowhere']);
  expect([hidden.status, hidden.stderr.split('\n')[0]]).toEqual([
    2,
    'Command line error: rekey adds no hidden keys: it could not tell what it has done already.',
  ]);
  const env = { PASSPHRASE: 'x', NEW_PASSPHRASE: 'y' };
  const empty = await json(['rekey', '--new-passphrase', `file://${tempDir()}`], { env });
  expect(errorOf(empty)).toMatchObject({ exitStatus: 30 });
});
