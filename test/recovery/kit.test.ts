import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { recoveryKit } from '../../src/actions/recovery/kit.ts';
import { openStore } from '../../src/index.ts';
import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { runExample } from '../support/example.ts';
import { gnupgHome } from '../support/gnupg.ts';
import { ask, backUp, machine } from '../support/in-process.ts';
import { errorOf, json, resultOf } from '../support/json.ts';
import { golden } from '../support/paths.ts';
import { names } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

describe('the sheet', () => {
  let GNUPGHOME = '';
  beforeAll(() => {
    if (requireTool('gpg')) GNUPGHOME = gnupgHome('public');
  });

  async function kitOf(url: string, filePrefix?: string) {
    const env = { GNUPGHOME, PATH: process.env['PATH'] };
    const options = { archiveDir: tempDir(), env, ...(filePrefix !== undefined && { filePrefix }) };
    await using store = await openStore(url, options);
    return await store.recoveryKit();
  }

  test.runIf(requireTool('gpg'))('names the keys that open the backup, and whose they are', async () => {
    const kit = await kitOf(`file://${golden('v3-signed')}`);
    expect(kit).toMatchObject({ passphrase: false, hiddenKeys: 1, earlier: [] });
    expect(kit.keys).toEqual([
      {
        id: 'EC8AB4E7D34854AA',
        fingerprint: '9F75FA9391574427192C02FE1892105128621A1A',
        user: 'Golden RSA <rsa@golden.example>',
      },
    ]);
    expect(kit.sets.map(({ type, volumes, manifest }) => [type, volumes, manifest])).toEqual([
      ['full', 1, 'duplicity-full.20231114T221320Z.manifest.gpg'],
      ['inc', 1, 'duplicity-inc.20231114T221320Z.to.20231115T221320Z.manifest.gpg'],
    ]);
    expect(kit.sheet).toContain('EC8A B4E7 D348 54AA');
    expect(kit.sheet).toContain('9F75 FA93 9157 4427');
    expect(kit.sheet).toContain('gpg --import');
    expect(kit.sheet).not.toContain('PASSPHRASE');
  });

  test('asks for a passphrase where one opens it, and for nothing where nothing is encrypted', async () => {
    const locked = await kitOf(`file://${golden('short-sym')}`);
    expect([locked.passphrase, locked.keys]).toEqual([true, []]);
    expect(locked.sheet).toContain('read -r PASSPHRASE');
    const open = await kitOf(`file://${golden('gz')}`);
    expect(open.passphrase).toBe(false);
    expect(open.sheet).toContain('Nothing: it is not encrypted.');
    expect(open.sheet).not.toContain('PASSPHRASE');
  });

  test('the script knows the prefix, quoted', async () => {
    const dir = tempDir();
    const prefix = "it's ";
    for (const name of names(golden('v3-gz'))) {
      writeFileSync(`${dir}/${prefix}${name}`, readFileSync(`${golden('v3-gz')}/${name}`));
    }
    const { script, sheet } = await kitOf(`file://${dir}`, prefix);
    expect(script).toContain(String.raw`manifests='it'\''s ' volumes='it'\''s '`);
    expect(sheet).toContain("it's duplicity-full.TIME.manifest");
  });
});

test('no secret is on the sheet or in the script', async () => {
  const [on, place] = [machine(), memoryBackend()];
  mkdirSync(on.source);
  await backUp(on, place, 0, {});
  const kit = await ask(on, place, (repository) =>
    recoveryKit({ ...repository, url: 'sftp://me:geheim@nas.example/backup' }),
  );
  expect(kit.url).toBe('sftp://me:*****@nas.example/backup');
  expect(kit.sheet).toContain('sftp -r USER@HOST:DIRECTORY .');
  expect(JSON.stringify(kit)).not.toContain('geheim');
});

test('with --json it has sheet, script and keys; an empty place has no kit', async () => {
  const { result } = resultOf(await json(['recovery-kit', `file://${golden('short-sym')}`]), 'recovery-kit');
  expect(result).toMatchObject({ passphrase: true, keys: [], sets: [{ kind: 'full', volumes: 1 }, { kind: 'inc' }] });
  expect(result.script).toMatch(/^#!\/bin\/sh\n/);
  expect(errorOf(await json(['recovery-kit', `file://${tempDir()}`]))).toMatchObject({ exitStatus: 30 });
});

test('the example of docs/recovery-kit.md is what happens', async () => {
  const { steps, dir } = await runExample('docs/recovery-kit.md');
  expect(steps).toBeGreaterThan(4);
  expect(names(`${dir}/kit`)).toEqual(['recover.sh', 'recovery.txt']);
  for (const name of names(`${dir}/kit`)) expect(statSync(`${dir}/kit/${name}`).mode & 0o77).toBe(0);
});
