import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { BACKUP } from '../../src/cli/options/backup.ts';
import { ENCRYPTION, ENCRYPTION_SHORTHANDS } from '../../src/cli/options/encryption.ts';
import { GENERAL } from '../../src/cli/options/general.ts';
import { LOGGING } from '../../src/cli/options/logging.ts';
import type { AnyOption } from '../../src/cli/options/option.ts';
import { RESTORE } from '../../src/cli/options/restore.ts';
import { RETIRED } from '../../src/cli/options/retired.ts';
import { SELECTION } from '../../src/cli/options/selection.ts';
import { ECC_KEY, gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { storeSet, tarOf } from '../support/crafted.ts';
import { root } from '../support/paths.ts';
import {
  backUp,
  duplicity,
  faults,
  good,
  names,
  noise,
  PLAIN,
  put,
  restoredTree,
  type Scene,
  scene,
  treeOf,
} from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireMount, tmpfs } from '../support/tmpfs.ts';
import { requireRoot, requireTool } from '../support/tools.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: 'content of a', 'd/x': 'content of x' });
});

const content = (part: string): Buffer => {
  const name = names(s.remote).find((name) => name.includes(part)) ?? '';
  return readFileSync(`${s.remote}/${name}`);
};
/** The paths of the newest state. */
async function listed(...args: readonly string[]): Promise<string[]> {
  const { stdout } = await good(['list-current-files', ...args, s.url]);
  return (stdout.match(/\d{4} (.*)/g) ?? []).map((line) => line.slice(5));
}

function spellings(option: AnyOption): string[] {
  const aliases = option.kind === 'option' ? (option.aliases ?? []) : [];
  return [option.flag, ...aliases.map(({ flag }) => flag)];
}

test('every option that is not of a back end is used in a test of the program', () => {
  const topics = [GENERAL, LOGGING, BACKUP, RESTORE, ENCRYPTION, ENCRYPTION_SHORTHANDS, SELECTION, RETIRED];
  const files = ['cli', 'interop', 'security', 'golden', 'crash'].flatMap((dir) =>
    readdirSync(`${root}/test/${dir}`).map((name) => `${root}/test/${dir}/${name}`),
  );
  const sources = [...files.filter((file) => file.endsWith('.ts')), `${root}/test/golden/data/selection.jsonl`];
  const text = sources.map((file) => readFileSync(file, 'utf8')).join('\n');
  const flags = topics.flatMap((topic) => Object.values<AnyOption>(topic).flatMap(spellings));
  const unused = flags.filter((flag) => !new RegExp(`${flag}(?![\\w-])`).test(text));
  expect(unused).toEqual([]);
});

describe('names on the remote', () => {
  const PREFIXES = ['--file-prefix', 'all-', '--file-prefix-manifest', 'man-', '--file-prefix-archive', 'arc-'];
  const ALL = [...PREFIXES, '--file-prefix-signature', 'sig-', '--file-prefix-jsonstat', 'json-'];

  test('begin with the prefixes, and every later action finds them with the same ones', async () => {
    const trees = [];
    for (const k of [0, 1, 2]) {
      put(s.source, { a: `content ${k}` }, timeOfSet(k - 1));
      trees.push(treeOf(s.source));
      await backUp(s, k, k === 2 ? ['full', ...ALL] : ALL);
    }
    const starts = new Set(names(s.remote).map((name) => name.slice(0, name.indexOf('duplicity-'))));
    expect(starts).toEqual(new Set(['all-arc-', 'all-man-', 'all-sig-']));
    for (const k of [0, 1, 2]) expect(await restoredTree(s, k, ALL)).toEqual(trees[k]);
    expect(await listed(...ALL)).toEqual(['.', 'a', 'd', 'd/x']);
    await good(['verify', '--compare-data', ...ALL, s.url, s.source]);
    const { stdout } = await good(['remove-all-but-n-full', '1', '--force', ...ALL, s.url]);
    expect(stdout).toContain('Deleting complete backup chain');
    expect(names(s.remote)).toHaveLength(3);
    // Without them nothing of it is ours.
    const other = await good(['collection-status', s.url]);
    expect(other.stdout).toContain('No backup chains with active signatures found');
    expect((await good(['cleanup', '--force', s.url])).stdout).toContain('No extraneous files found');
    expect(names(s.remote)).toHaveLength(3);
  });

  test.each(['--short-filenames', '--old-filenames'])(
    'are the standard ones in spite of %s, which warns',
    async (flag) => {
      const { stdout, stderr, records } = await backUp(s, 0, [flag]);
      expect(stderr).toBe('');
      expect(stdout).toContain(`${flag} is ignored: old file names are recognised without it`);
      expect(records.filter(({ level }) => level === 'WARNING').map(({ text }) => text)).toContainEqual(
        expect.stringContaining(flag),
      );
      expect(names(s.remote).every((name) => name.startsWith('duplicity-full'))).toBe(true);
      expect(names(s.remote)).toContain('duplicity-full.20231114T221320Z.manifest');
    },
  );

  test('hold their times with any separator, which times on the command line then have as well', async () => {
    await backUp(s, 0, ['--time-separator', '_']);
    put(s.source, { a: 'later' }, timeOfSet(0));
    await backUp(s, 1);
    for (const name of names(s.remote)) {
      const old = name.replaceAll(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/g, '$1-$2-$3T$4_$5_$6Z');
      renameSync(`${s.remote}/${name}`, `${s.remote}/${old}`);
    }
    const args = ['--time-separator', '_', '--time', '2023-11-14T22_13_20Z', s.url];
    await good(['restore', ...args, `${s.dir}/out`]);
    expect(readFileSync(`${s.dir}/out/a`, 'utf8')).toBe('content of a');
  });
});

describe('what is stored', () => {
  test('is packed into volumes of the size, uncompressed if that is wanted', async () => {
    put(s.source, { big: Buffer.alloc(2_500_000) });
    await backUp(s, 0, ['--volsize', '1', '--no-compression']);
    expect(names(s.remote).filter((name) => name.endsWith('.difftar'))).toHaveLength(3);
    expect(content('.vol1.').subarray(257, 262).toString()).toBe('ustar');
  });

  test('lists changed files in the manifest, unless that is not wanted', async () => {
    await backUp(s, 0);
    expect(content('full.20231114T221320Z.manifest').toString()).toMatch(/^Filelist 2\n {4}new {6}a\n/m);
    await backUp(s, 1, ['full', '--no-files-changed']);
    expect(content('full.20231115T221320Z.manifest').toString()).toMatch(/^Filelist 0\n$/m);
  });

  test('has signatures of blocks up to the size', async () => {
    // 4 MiB have blocks of 2048 bytes by default; RS_DELTA_MAGIC of a signature, then the length of its blocks.
    put(s.source, { big: noise(4 << 20) });
    const blockLength = (): number => {
      const sigtar = gunzipSync(content('full-signatures'));
      return sigtar.readUInt32BE(sigtar.indexOf(Buffer.from('72730136', 'hex'), sigtar.indexOf('signature/big')) + 4);
    };
    await backUp(s, 0);
    expect(blockLength()).toBe(2048);
    rmSync(s.remote, { recursive: true });
    await backUp(s, 1, ['--max-blocksize', '512']);
    expect(blockLength()).toBe(512);
    put(s.source, { big: Buffer.concat([noise(4 << 20), Buffer.from('tail')]) }, timeOfSet(1));
    await backUp(s, 2, ['--max-blocksize', '512']);
    expect(await restoredTree(s, 2)).toEqual(treeOf(s.source));
  });

  test('is what links lead to, with --copy-links', async () => {
    mkdirSync(`${s.dir}/beside`);
    put(`${s.dir}/beside`, { inside: 'inside' });
    symlinkSync(`${s.dir}/beside`, `${s.source}/dir`);
    symlinkSync('a', `${s.source}/file`);
    symlinkSync('nowhere', `${s.source}/lost`);
    await backUp(s, 0, ['--copy-links']);
    await good([s.url, `${s.dir}/out`]);
    expect(readFileSync(`${s.dir}/out/dir/inside`, 'utf8')).toBe('inside');
    expect(lstatSync(`${s.dir}/out/file`).isFile()).toBe(true);
    const verify = ['verify', '--compare-data', s.url, s.source];
    const different = await duplicity([...PLAIN, ...verify]);
    expect(different.stdout).toContain('File dir has type sym, expected dir');
    expect((await duplicity([...PLAIN, '--copy-links', ...verify])).stdout).not.toMatch(/File (?:dir|file) /);
  });

  test('is another host or another source with --allow-source-mismatch, and full if the last one is old', async () => {
    await backUp(s, 0);
    const other = { ...s, source: `${s.dir}/other` };
    put(other.source, { b: 'b' });
    const { stdout } = await backUp(other, 1, ['--allow-source-mismatch', '--full-if-older-than', '2023-11-15']);
    expect(stdout).toContain('Last full backup is too old, forcing full backup');
    expect(await listed()).toEqual(['.', 'b']);
  });
});

describe('selection', () => {
  test.runIf(requireMount())('leaves out other file systems, mount points included', async () => {
    const mounted = tmpfs(1_000_000) ?? '';
    put(mounted, { inside: 'inside' });
    const inside = `${s.source}/mounted`;
    mkdirSync(inside);
    spawnSync('mount', ['--bind', mounted, inside]);
    onTestFinished(() => void spawnSync('umount', ['-l', inside]));
    await backUp(s, 0);
    expect(await listed()).toContain('mounted/inside');
    await backUp(s, 1, ['--exclude-other-filesystems']);
    expect(await listed()).toEqual(['.', 'a', 'd', 'd/x']);
    // It takes its place in the order.
    await backUp(s, 2, ['--include', inside, '--exclude-other-filesystems']);
    expect(await listed()).toContain('mounted/inside');
  });

  test.runIf(requireRoot())('leaves out devices, but not fifos', async () => {
    const made = [
      spawnSync('mknod', [`${s.source}/null`, 'c', '1', '3']),
      spawnSync('mkfifo', [`${s.source}/fifo`]),
    ].map(({ status }) => status);
    expect(made).toEqual([0, 0]);
    await backUp(s, 0, ['--exclude-device-files']);
    expect(await listed()).toEqual(['.', 'a', 'd', 'd/x', 'fifo']);
  });

  test('leaves out old files and marked directories, and takes the filters in their order', async () => {
    put(s.source, { 'marked/.skip': '', 'marked/x': '', 'A[1]': 'literal', A1: 'glob', 'd/Y.LOG': '' });
    utimesSync(`${s.source}/a`, 1, 1);
    await backUp(s, 0, ['--exclude-older-than', '2000-01-01', '--exclude-if-present', '.skip']);
    expect(await listed()).toEqual(['.', 'A1', 'A[1]', 'd', 'd/Y.LOG', 'd/x']);
    const filters = ['--filter-literal', '--exclude', `${s.source}/A[1]`, '--filter-regexp', '--exclude', '/mark'];
    const more = ['--filter-globbing', '--filter-ignorecase', '--exclude', '**.log', '--filter-strictcase'];
    await backUp(s, 1, [...filters, ...more, '--exclude', '**/X']);
    expect(await listed()).toEqual(['.', 'A1', 'a', 'd', 'd/x']);
  });

  test('takes lists, separated by zero bytes if so told', async () => {
    writeFileSync(`${s.dir}/list`, `- ${s.source}/a\0+ ${s.source}/d\0- **`);
    await backUp(s, 0, ['--include-filelist', `${s.dir}/list`, '--null-separator']);
    expect(await listed()).toEqual(['.', 'd', 'd/x']);
    writeFileSync(`${s.dir}/files`, 'd/x\nabsent\n');
    await backUp(s, 1, ['--files-from', `${s.dir}/files`]);
    expect(await listed()).toEqual(['.', 'd', 'd/x']);
  });
});

describe.runIf(requireRoot())('owners', () => {
  /** Archived as another number than the name has here. */
  const crafted = (): void => {
    const spoil = (header: Buffer): void => {
      header.write('0065432\0', 108, 'latin1');
      header.write('0065432\0', 116, 'latin1');
      header.write('daemon\0', 265, 'latin1');
      header.write('daemon\0', 297, 'latin1');
    };
    storeSet(
      s.remote,
      0,
      tarOf([
        { name: 'snapshot/', type: 'dir' },
        { name: 'snapshot/a', body: 'a', spoil },
      ]),
    );
  };
  const ownerAfter = async (...args: readonly string[]): Promise<number[]> => {
    await good(['restore', ...args, s.url, `${s.dir}/out`]);
    const { uid, gid } = statSync(`${s.dir}/out/a`);
    return [uid, gid];
  };

  test('are found by name', async () => {
    crafted();
    const [uid, gid] = await ownerAfter();
    const id = (flag: string): number => Number(spawnSync('id', [flag, 'daemon'], { encoding: 'utf8' }).stdout);
    expect([uid, gid]).toEqual([id('-u'), id('-g')]);
  });

  test('are the archived numbers with --numeric-owner, also for verify', async () => {
    crafted();
    expect(await ownerAfter('--numeric-owner')).toEqual([0o65432, 0o65432]);
    const verify = ['verify', '--compare-data', '--file-to-restore', 'a', s.url, `${s.dir}/out/a`];
    expect((await duplicity([...PLAIN, ...verify])).stdout).toContain('File . has permissions');
    expect((await duplicity([...PLAIN, '--numeric-owner', ...verify])).status).toBe(0);
  });

  test.each(['--do-not-restore-ownership', '--no-restore-ownership'])('are left alone with %s', async (flag) => {
    chownSync(`${s.source}/a`, 54_321, 54_321);
    await backUp(s, 0);
    expect(await ownerAfter(flag)).toEqual([0, 0]);
    rmSync(`${s.dir}/out`, { recursive: true });
    expect(await ownerAfter('--restore-time', 'now')).toEqual([54_321, 54_321]);
  });
});

describe('the run', () => {
  test('writes times before its lines with --log-timestamp, and adds to the log file', async () => {
    const log = `${s.dir}/log`;
    const args = ['--log-timestamp', '--log-file', log, 'collection-status', s.url];
    const { stdout } = await duplicity(args);
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} NOTICE Last full backup date: none$/m);
    const once = readFileSync(log, 'utf8');
    expect(once).not.toMatch(/^\d{4}-/m);
    await duplicity(args);
    expect(readFileSync(log, 'utf8')).toBe(once + once);
  });

  test('waits between attempts, as long and as often as told', async () => {
    const rule = faults({ op: 'put', match: '.vol1.', do: 'error', count: 2 });
    const began = Date.now();
    const { status, stdout } = await duplicity(
      ['--no-encryption', '--backend-retry-delay', '1', '--num-retries', '3', s.source, s.url],
      rule,
    );
    expect(status).toBe(0);
    expect(Date.now() - began).toBeGreaterThan(2000);
    expect(stdout).toMatch(/Attempt of put Nr\. 2 failed/);
  });

  test('takes options without effect here', async () => {
    const idle = ['--config-dir', '/nowhere', '--copy-blocksize', '64', '--timeout', '0', '--pydevd'];
    const { stderr } = await backUp(s, 0, [...idle, '--encrypt-secret-keyring', '/nowhere']);
    expect(stderr).toBe('');
    expect(existsSync('/nowhere')).toBe(false);
    expect(await restoredTree(s, 0, idle)).toEqual(treeOf(s.source));
    const s3 = ['--s3-european-buckets', '--s3-use-new-style', '--s3-use-multiprocessing'];
    const { stdout } = await good(['collection-status', ...s3, '--s3-multipart-max-timeout', '5', s.url]);
    expect(stdout.match(/no longer has an effect/g)).toHaveLength(4);
  });

  test('gives everything of all chains with --metadata-sync-mode full, of one otherwise', async () => {
    await backUp(s, 0);
    await backUp(s, 1, ['full']);
    const fetched = async (mode: string): Promise<number> => {
      const home = tempDir();
      await good(['verify', '--metadata-sync-mode', mode, s.url, s.source], { home });
      const [name = ''] = names(`${home}/.cache/duplicity`);
      return names(`${home}/.cache/duplicity/${name}`).filter((file) => file.startsWith('duplicity-')).length;
    };
    expect(await fetched('partial')).toBe(1);
    expect(await fetched('full')).toBe(4);
  });
});

describe.runIf(requireTool('gpg'))('encryption', () => {
  let env: Record<string, string>;
  beforeEach(() => {
    env = { GNUPGHOME: gnupgHome(), PASSPHRASE, SIGN_PASSPHRASE: PASSPHRASE };
  });
  const packets = (part: string): string => {
    const input = content(part);
    const { stdout } = spawnSync('gpg', ['--homedir', env['GNUPGHOME'] ?? '', '--list-packets', '--list-only'], {
      input,
    });
    return stdout.toString();
  };
  const run = (args: readonly string[], more: Readonly<Record<string, string | undefined>> = {}) =>
    duplicity(['--backend-retry-delay', '0', ...args], { env: { ...env, ...more } });

  test('--encrypt-sign-key encrypts for the key and signs with it; repeated, the signer is the last', async () => {
    const both = ['--encrypt-sign-key', RSA_KEY, '--encrypt-sign-key', ECC_KEY];
    expect(await run([...both, s.source, s.url])).toMatchObject({ status: 0, stderr: '' });
    expect(packets('.vol1.').match(/^:pubkey enc packet/gm)).toHaveLength(2);
    expect((await run(['--sign-key', ECC_KEY, s.url, `${s.dir}/out`])).status).toBe(0);
    const other = await run(['--sign-key', RSA_KEY, s.url, `${s.dir}/other`]);
    expect(other.status).toBe(22);
    expect(other.stderr).toMatch(/^Volume was signed by key \S*0FC361F22F3AB9E8, not 1892105128621A1A/);
    // Nothing of a volume is used before its signature is found good.
    expect(names(`${s.dir}/other`)).toEqual([]);
  });

  test.each([RSA_KEY.toLowerCase(), `0x${RSA_KEY}`, RSA_KEY.slice(8)])('the signer may be spelled %s', async (key) => {
    expect((await run(['--encrypt-sign-key', RSA_KEY, s.source, s.url])).status).toBe(0);
    expect(await run(['--sign-key', key, s.url, `${s.dir}/out`])).toMatchObject({ status: 0, stderr: '' });
  });

  test('--hidden-encrypt-key names no recipient', async () => {
    expect((await run(['--hidden-encrypt-key', RSA_KEY, s.source, s.url])).status).toBe(0);
    expect(packets('.vol1.')).toMatch(/^:pubkey enc packet:.* keyid 0000000000000000$/m);
    expect((await run([s.url, `${s.dir}/out`])).status).toBe(0);
  });

  test('--gpg-options reach gpg, and the program is that of --gpg-binary', async () => {
    const gpg = `${s.dir}/gpg`;
    writeFileSync(gpg, `#!/bin/sh\necho "$*" >> '${s.dir}/calls'\nexec gpg "$@"\n`);
    chmodSync(gpg, 0o755);
    const options = ['--gpg-binary', gpg, '--gpg-options', '--cipher-algo  CAMELLIA256', '--gpg-options', '--no-armor'];
    expect((await run([...options, '--encrypt-key', RSA_KEY, s.source, s.url])).status).toBe(0);
    expect(readFileSync(`${s.dir}/calls`, 'utf8')).toMatch(/--cipher-algo CAMELLIA256 --no-armor/);
    expect((await run([...options, s.url, `${s.dir}/out`])).status).toBe(0);
    expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
  });

  test("--use-agent asks for nothing: the passphrase is the agent's business", async () => {
    const PASSPHRASES = { PASSPHRASE: undefined, SIGN_PASSPHRASE: undefined };
    const agent = ['--use-agent', '--encrypt-key', RSA_KEY];
    expect(await run([...agent, s.source, s.url], PASSPHRASES)).toMatchObject({ status: 0, stderr: '' });
    const restored = await run([...agent, s.url, `${s.dir}/out`], PASSPHRASES);
    // There is no pinentry here.
    expect(restored.status).toBe(31);
    expect(restored.stderr).toContain('GPGError');
    expect(restored.stderr).not.toContain('GnuPG passphrase');
  });

  test('--no-encryption encrypts nothing and asks nothing', async () => {
    const { status, stderr } = await run(['--no-encryption', s.source, s.url], { PASSPHRASE: undefined });
    expect([status, stderr]).toEqual([0, '']);
    expect(names(s.remote).filter((name) => name.endsWith('.gpg'))).toEqual([]);
  });
});
