import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SCRIPT } from '../../src/actions/recovery/script.ts';
import { localBackend } from '../../src/backends/local/local.ts';
import type { Settings } from '../../src/cli/settings.ts';
import { storeSet, tarOf } from '../support/crafted.ts';
import { isLong } from '../support/forms.ts';
import { gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { backUp, type Machine, machine, restored } from '../support/in-process.ts';
import type { Listed } from '../support/listing.ts';
import { golden } from '../support/paths.ts';
import { type RunResult, succeeded } from '../support/processes.ts';
import { noise, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { NOBODY, requireAnotherUser, requireTool } from '../support/tools.ts';
import { recover } from './recover.ts';

const canRecover = requireTool('rdiff') && requireTool('gpg');
const at = (k: number): string => `@${timeOfSet(k)}`;

test('the script fits on paper: 150 lines at most, none too long', () => {
  const lines = SCRIPT.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(150);
  expect(lines.filter((line) => line.length > 132)).toEqual([]);
});

/** Names that a shell, or a list with a name in each line, may stumble over. */
const NAMES = [
  '-rf',
  '--',
  'new\nline',
  '\nfirst',
  'last\n',
  ' blank ',
  'tab\t',
  '%s%n',
  String.raw`back\slash\n`,
  '$(touch pwned)',
  '`touch pwned`',
  'quo\'te"',
  '*',
  '~',
  'é',
];

const path = (source: string, name: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${source}/`), Buffer.from(name)]);
const touch = (file: string | Buffer, k: number): void => utimesSync(file, timeOfSet(k) - 100, timeOfSet(k) - 100);

/** Makes the tree of set 0, or changes it to that of set 1 or 2. Files go through several volumes of 1 MiB in each. */
function change(source: string, k: number): void {
  const write = (name: string | Buffer, content: string | Buffer): void => {
    writeFileSync(path(source, name), content);
    touch(path(source, name), k);
  };
  if (k === 0) {
    for (const dir of ['d', 'd/-x', 'gone', 'gone/deep', 'becomes-file', 'becomes-link', 'ro'])
      mkdirSync(`${source}/${dir}`);
    for (const file of [
      'gone/deep/x',
      'gone/y',
      'becomes-file/x',
      'becomes-link/keep',
      'd/-x/1',
      'ro/x',
      'becomes-dir',
    ])
      write(file, file);
    write('large', noise(2_700_000));
    write('odd\n-\nlarge', noise(1_300_000, 5));
    symlinkSync('d', `${source}/link`);
    spawnSync('mkfifo', [`${source}/fifo`]);
    write('edge', noise(65_536, 9));
    write(Buffer.from([0xff, 0x66]), 'latin');
    write('mode', 'x');
    chmodSync(`${source}/mode`, 0o400);
    write('closed', 'secret');
    chmodSync(`${source}/closed`, 0);
  }
  for (const [i, name] of NAMES.entries()) write(name, i === 0 ? '' : `${name} of ${k} ${i}`.repeat(i === 3 ? 0 : i));
  if (k === 1) {
    write('large', Buffer.concat([noise(1_250_000, 7), noise(2_700_000)]));
    rmSync(`${source}/gone`, { recursive: true });
    for (const name of ['becomes-file', 'becomes-link', 'becomes-dir'])
      rmSync(`${source}/${name}`, { recursive: true });
    write('becomes-file', 'now a file');
    symlinkSync('../outside', `${source}/becomes-link`);
    mkdirSync(`${source}/becomes-dir`);
    write('becomes-dir/-', 'inside');
    chmodSync(`${source}/ro`, 0o500);
    write(Buffer.from([0xff, 0x66]), 'Latin 1');
    rmSync(`${source}/link`);
    symlinkSync('new\nline', `${source}/link`);
  }
  if (k === 2) {
    write('large', noise(2_200_000, 3));
    write('edge', Buffer.concat([noise(65_536, 9), noise(131_072, 2)]));
    write('becomes-file', '');
    rmSync(`${source}/${NAMES[2]}`);
    chmodSync(`${source}/mode`, 0o640);
  }
  for (const dir of ['', 'd/-x', 'd']) touch(`${source}/${dir}`, k);
}

const WAYS: readonly (readonly [string, Partial<Settings>])[] = [
  ['gzip', {}],
  ['plain', { noCompression: true }],
  ['a passphrase', { noEncryption: false }],
  ['a key', { noEncryption: false, encryptKey: [RSA_KEY] }],
];

describe.runIf(canRecover)('a chain of ours', () => {
  let gnupg = '';
  beforeAll(() => {
    gnupg = gnupgHome();
  });

  let known: Promise<{ on: Machine; place: string }> | undefined;
  /** Compressed only; nobody changes it. */
  const compressed = (): Promise<{ on: Machine; place: string }> => (known ??= chain({}));

  /** Three sets at a place on disk. */
  async function chain(settings: Partial<Settings>): Promise<{ on: Machine; place: string }> {
    const on = { ...machine(), env: { GNUPGHOME: gnupg, PASSPHRASE } };
    const place = `${on.dir}/place`;
    mkdirSync(place);
    mkdirSync(on.source);
    mkdirSync(`${on.dir}/outside`);
    writeFileSync(`${on.dir}/outside/keep`, 'outside');
    for (const k of [0, 1, 2]) {
      change(on.source, k);
      await backUp(on, localBackend(place), k, { volsize: 1024 * 1024, ...settings });
    }
    return { on, place };
  }

  test.each(isLong ? WAYS : WAYS.slice(0, 1))(
    'with %s is what our own restore gives, whatever is in it',
    async (_, settings) => {
      const { on, place } = await (Object.keys(settings).length === 0 ? compressed() : chain(settings));
      for (const name of ['vol3', 'inc.*vol2']) {
        expect(readdirSync(place).some((file) => new RegExp(`${name}\\.difftar`).test(file))).toBe(true);
      }
      for (const k of isLong ? [0, 1, 2] : [2, 0]) {
        const env = { GNUPGHOME: gnupg, ...(settings.noEncryption === false && { PASSPHRASE }) };
        succeeded(await recover({ dir: on.dir, env }, place, `${on.dir}/-script-${k}`, at(k)));
        expect(treeOf(`${on.dir}/-script-${k}`)).toEqual(await restored(on, localBackend(place), k));
        expect(readFileSync(`${on.dir}/outside/keep`, 'utf8')).toBe('outside');
        expect(readdirSync(on.dir).filter((name) => /pwned|work/.test(name))).toEqual([]);
      }
    },
  );

  test.runIf(requireAnotherUser())('comes back for somebody who is not root, closed files too', async () => {
    const { on, place } = await compressed();
    const home = tempDir('/tmp');
    chownSync(home, NOBODY, NOBODY);
    writeFileSync(`${home}/recover.sh`, SCRIPT);
    for (const name of readdirSync(place)) copyFileSync(`${place}/${name}`, `${home}/${name}`);
    for (const name of readdirSync(home)) chownSync(`${home}/${name}`, NOBODY, NOBODY);
    const user = { uid: NOBODY, gid: NOBODY, cwd: home, encoding: 'utf8' } as const;
    const ran = spawnSync('sh', ['recover.sh', '.', 'out'], user);
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    const bare = (tree: readonly Listed[]): unknown => tree.map(({ uid: _u, gid: _g, ...entry }) => entry);
    expect(bare(treeOf(`${home}/out`))).toEqual(bare(await restored(on, localBackend(place), 2)));
  });

  test.runIf(requireTool('busybox'))('comes back with the shell of busybox', async () => {
    const { on, place } = await compressed();
    const bin = `${on.dir}/bin`;
    mkdirSync(bin);
    symlinkSync(spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim(), `${bin}/sh`);
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    succeeded(await recover({ dir: on.dir, shell: [`${bin}/sh`], env }, place, `${on.dir}/back`, at(1)));
    expect(treeOf(`${on.dir}/back`)).toEqual(await restored(on, localBackend(place), 1));
  });
});

describe.runIf(canRecover)('what cannot be restored', () => {
  let dir: string;
  let place: string;
  beforeEach(() => {
    dir = tempDir();
    place = `${dir}/place`;
  });

  const failed = async (...words: readonly string[]): Promise<string> => {
    const result: RunResult = await recover({ dir }, place, `${dir}/out`, ...words);
    expect(result.status).not.toBe(0);
    // Nothing is left that could be taken for what was stored.
    expect(readdirSync(dir).filter((name) => name.startsWith('out'))).toEqual([]);
    return result.stderr;
  };
  const copy = (): void => {
    mkdirSync(place);
    for (const name of readdirSync(golden('gz'))) copyFileSync(`${golden('gz')}/${name}`, `${place}/${name}`);
  };
  const file = (part: string): string => `${place}/${readdirSync(place).find((name) => name.includes(part))}`;

  test('a missing volume is named before anything is written, and a time before it works', async () => {
    copy();
    rmSync(file('to.20231116T221320Z.vol1'));
    expect(await failed()).toMatch(
      /^recover: Volume 1 of duplicity-inc\.\S+to\.20231116T221320Z\.manifest is missing: fetch /,
    );
    succeeded(await recover({ dir }, place, `${dir}/out`, at(1)));
  });

  test('a damaged volume ends it', async () => {
    copy();
    const bytes = readFileSync(file('full.20231114T221320Z.vol2'));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(file('full.20231114T221320Z.vol2'), bytes);
    expect(await failed()).toMatch(/vol2\.difftar\.gz is damaged: fetch it again/);
  });

  test('a set that is missing in the middle is no older state', async () => {
    copy();
    rmSync(file('to.20231116T221320Z.manifest'));
    expect(await failed()).toContain('builds on a backup that is not here');
    expect(await failed('@5')).toContain('There is nothing whole to restore up to that time');
  });

  test('a target that is there is left alone', async () => {
    copy();
    mkdirSync(`${dir}/out`);
    writeFileSync(`${dir}/out/mine`, 'mine');
    const { status, stderr } = await recover({ dir }, place, `${dir}/out`);
    expect([status === 0, stderr]).toEqual([
      false,
      `recover: ${dir}/out is there already: name a place that is not.\n`,
    ]);
    expect(readdirSync(`${dir}/out`)).toEqual(['mine']);
  });

  test.each(['dotdot', 'odd-blocks', 'unknown-prefix', 'diff-without-base'])(
    '%s of the crafted archives is refused',
    async (name) => {
      place = golden(`crafted/${name}`);
      await failed();
      expect(existsSync(`${dir}/evil`)).toBe(false);
    },
  );

  test('nothing outside of the target is written or removed through links, whatever the archive says', async () => {
    const outside = `${dir}/outside`;
    mkdirSync(outside);
    writeFileSync(`${outside}/x`, 'outside');
    const root = { name: 'snapshot/./', type: 'dir' } as const;
    storeSet(place, 0, tarOf([root, { name: 'snapshot/l', type: 'sym', link: outside }]));
    storeSet(place, 1, tarOf([{ name: 'deleted/l/x' }]));
    storeSet(place, 2, tarOf([{ name: 'snapshot/l/x', body: 'evil' }]));
    storeSet(
      place,
      3,
      tarOf([
        { name: 'snapshot/l', type: 'sym', link: outside },
        { name: 'multivol_snapshot/l/x/1', body: 'evil' },
      ]),
    );
    storeSet(
      place,
      4,
      tarOf([
        { name: 'snapshot/l', type: 'sym', link: outside },
        { name: 'diff/l/x', body: 'rs' },
      ]),
    );
    for (const k of [0, 1, 2, 3, 4]) {
      await recover({ dir }, place, `${dir}/out-${k}`, at(k));
      expect([k, readdirSync(outside), readFileSync(`${outside}/x`, 'utf8')]).toEqual([k, ['x'], 'outside']);
    }
  });
});
