import { expect, test } from 'vitest';
import { ROLES } from '../../src/actions/roles/role.ts';
import { roles } from '../../src/actions/roles/roles.ts';
import { parseName } from '../../src/archive/names/names.ts';
import { knownSchemes } from '../../src/backends/registry.ts';
import { runExample } from '../support/example.ts';
import { errorOf, json, resultOf } from '../support/json.ts';
import { duplicity, PLAIN } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

const urlOf = (scheme: string): string =>
  ({ b2: 'b2://id@bucket/folder', imap: 'imap://me@host', imaps: 'imaps://me@host' })[scheme] ??
  (/^(?:file|multi)$/.test(scheme) ? `${scheme}:///srv/x` : `${scheme}://host/x`);

test.each(knownSchemes())('%s:// has a policy for every role, or says where to look', (scheme) => {
  const { roles: found } = roles(urlOf(scheme));
  expect(found.map(({ role }) => role)).toEqual([...ROLES]);
  expect(found[0]?.needs.store).not.toBe('must not');
  for (const { policies, notes, needs } of found) {
    expect(policies.length + notes.length).toBeGreaterThan(0);
    for (const { where, text } of policies) expect([where, text].join(' ')).not.toMatch(/undefined|\[object/);
    expect(needs.list).toBe('must');
  }
});

test.each(['duplicity-probe', 'duplicity-probe-0a1b2c3d', 'duplicity-role-0a1b2c3d'])(
  '%s, which is stored to try rights, is no name of a backup',
  (name) => {
    expect(parseName(name)).toBeUndefined();
  },
);

test('policies of S3 are JSON that names bucket and prefix', () => {
  for (const { policies, role } of roles('s3://my-bucket/box').roles) {
    const { Statement } = JSON.parse(policies[0]?.text ?? '') as {
      Statement: { Action: string[]; Resource: string[] }[];
    };
    expect(Statement.flatMap(({ Resource }) => Resource)).toEqual([
      'arn:aws:s3:::my-bucket',
      'arn:aws:s3:::my-bucket/box/*',
    ]);
    expect(Statement.some(({ Action }) => Action.includes('s3:DeleteObject'))).toBe(role === 'pruner');
    expect(Statement.some(({ Action }) => Action.includes('s3:PutObject'))).toBe(role === 'backup');
  }
});

test('its results are lines of JSON, with --check, too, also when that is an error', async () => {
  const printed = resultOf(await json(['roles', '--role', 'keeper', 's3://bucket/x']), 'roles').result;
  expect(printed).toMatchObject({
    scheme: 's3',
    roles: [{ role: 'keeper', needs: { read: 'must', delete: 'must not' } }],
  });
  const words = ['roles', '--archive-dir', tempDir(), '--check', '--role', 'restorer', `file://${tempDir()}`];
  const failed = errorOf(await json(words));
  expect(failed).toMatchObject({
    code: 'RIGHTS_DIFFER',
    exitStatus: 108,
    result: { role: 'restorer', isRight: false },
  });
});

test.each([
  [['--check'], 'roles --check needs --role ROLE.'],
  [['--role', 'boss'], "--role needs one of backup, keeper, pruner, restorer, not 'boss'."],
])('%j is refused', async (words, text) => {
  const { status, stderr } = await duplicity([...PLAIN, 'roles', ...words, 'file:///nowhere']);
  expect([status, stderr.includes(text)]).toEqual([2, true]);
});

test('the example of docs/roles.md is what happens', async () => {
  expect(await runExample('docs/roles.md')).toMatchObject({ steps: 3 });
});
