import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { gnupgHome, RSA_KEY } from '../support/gnupg.ts';
import { testHome } from '../support/home.ts';
import {
  duplicity,
  duplicityAfter,
  names,
  put,
  type Outcome,
  type Scene,
  scene,
  WITHOUT_TERMINAL,
} from '../support/scene.ts';
import { requireTool } from '../support/tools.ts';

const SECRETS = {
  PASSPHRASE: 'hush-symmetric-0451',
  SIGN_PASSPHRASE: 'hush-symmetric-0451',
  FTP_PASSWORD: 'hush-storage-0452',
  AWS_SECRET_ACCESS_KEY: 'hush-storage-0453',
};
const HUSH = /hush-/;

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: 'one' });
});

/** A gpg that notes its words and its environment, and what its parent and the temporary files look like. */
function watchedGpg(): { readonly path: string; readonly notes: () => string } {
  const path = `${s.dir}/gpg`;
  const notes = `${s.dir}/notes`;
  const script = `#!/bin/sh
{ echo "words: $*"; env; tr '\\0' ' ' < /proc/$PPID/cmdline; cat "$TMPDIR"/*/* ; } >> '${notes}' 2> /dev/null
exec gpg "$@"
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return { path, notes: () => (existsSync(notes) ? readFileSync(notes, 'latin1') : '') };
}

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.gpg'))
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'latin1'));
}

function expectQuiet({ stdout, stderr, records }: Outcome): void {
  expect([stdout, stderr, JSON.stringify(records)].filter((text) => HUSH.test(text))).toEqual([]);
}

describe.runIf(requireTool('gpg'))('passphrases and passwords', () => {
  test.each([
    ['done here', [], false],
    ['left to gpg', ['--gpg-options', '--cipher-algo CAMELLIA256'], true],
  ])(
    'are in no output, no words of a process, no file and no environment of gpg, %s',
    async (_where, more, usesGpg) => {
      const gpg = watchedGpg();
      const GNUPGHOME = gnupgHome();
      const env = { ...SECRETS, GNUPGHOME };
      const options = ['-v9', '--gpg-binary', gpg.path, ...more];
      for (const [args, status] of [
        [['full', s.source, s.url], 0],
        [['incr', s.source, s.url], 0],
        [['verify', '--compare-data', s.url, s.source], 0],
        [['restore', s.url, `${s.dir}/out`], 0],
        [['collection-status', s.url], 0],
        [['restore', '--file-to-restore', 'absent', s.url, `${s.dir}/other`], 19],
      ] as const) {
        const result = await duplicity([...options, ...args], { env });
        expect(result.status).toBe(status);
        expectQuiet(result);
      }
      expect(gpg.notes().includes('--passphrase-fd')).toBe(usesGpg);
      expect(gpg.notes()).not.toMatch(HUSH);
      expect([...filesBelow(testHome()), ...filesBelow(s.remote)].filter((text) => HUSH.test(text))).toEqual([]);
    },
  );

  test('are in no failure', async () => {
    const GNUPGHOME = gnupgHome();
    expect((await duplicity([s.source, s.url], { env: { PASSPHRASE: 'another', GNUPGHOME } })).status).toBe(0);
    for (const args of [
      ['restore', s.url, `${s.dir}/out`],
      [s.source, s.url],
      ['--encrypt-key', 'ABCDEF0123456789', 'full', s.source, s.url],
      ['--encrypt-key', RSA_KEY, '--sign-key', RSA_KEY, 'full', s.source, s.url],
      ['--gpg-binary', '/nowhere', 'full', s.source, s.url],
      ['--gpg-options', '--nonsense', 'full', s.source, s.url],
    ]) {
      const result = await duplicity(['-v9', ...args], { env: { ...SECRETS, GNUPGHOME } });
      expect(result.status).toBe(31);
      expectQuiet(result);
    }
  });

  test('typed at the question are not echoed', async () => {
    const input = 'hush-typed\nhush-typed\n';
    const result = await duplicityAfter(WITHOUT_TERMINAL, ['-v9', s.source, s.url], { input });
    expect(result.status).toBe(0);
    expectQuiet(result);
  });
});

describe('the password in a URL', () => {
  test.each(['nope://me:hush-url@host/x', 'ftp://me:hush-url@host:port/x', 'sftp://me:hush-url@'])(
    'is in no message about it: %s',
    async (url) => {
      const result = await duplicity(['-v9', 'collection-status', url]);
      expect(result.status).not.toBe(0);
      expectQuiet(result);
    },
  );

  test.each(['sftp//me:hush-url@h/x', 'sftp:/me:hush-url@h/x', 'sftp:me:hush-url@h/x', 'me:hush-url@h/x'])(
    'is in no message where it is mistyped and stands in any place: %s',
    async (word) => {
      for (const args of [
        ['collection-status', word],
        [s.source, word],
        [word, s.url],
        ['full', word, s.url],
        ['restore', word, `${s.dir}/out`],
        ['restore', s.url, word],
        ['restore', '--file-to-restore', word, s.url, `${s.dir}/out`],
        ['replicate', word, s.url],
        ['mirror', word, s.url],
        ['remove-older-than', word, s.url],
        ['remove-all-but-n-full', word, s.url],
        ['full', '--volsize', word, s.source, s.url],
        ['full', '--time-separator', word, s.source, s.url],
        ['full', '--encrypt-key', word, s.source, s.url],
        ['full', '--include-filelist', word, s.source, s.url],
        ['full', `--log-file=${word}`, s.source, s.url],
        ['full', '--log-fd', word, s.source, s.url],
        ['full', '--tempdir', word, s.source, s.url],
        ['full', '--archive-dir', `${s.source}/a/${word}`, s.source, s.url],
        [`--${word}`, s.source, s.url],
        [word, s.source, s.url],
      ]) {
        const result = await duplicity(['-v9', ...args]);
        expect([args, result.status]).not.toEqual([args, 0]);
        expectQuiet(result);
      }
    },
    60_000,
  );

  test('is not in the name of the archive dir', async () => {
    await duplicity(['collection-status', 'nope://me:hush-url@host/x']);
    expect(JSON.stringify(names(`${testHome()}/.cache/duplicity`))).not.toMatch(HUSH);
  });
});
