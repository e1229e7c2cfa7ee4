import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { succeeded } from '../support/processes.ts';
import { names, noise, put, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';
import { asDejaDup, STYLES, type Heard, type RunSettings } from './deja-dup.ts';
import { machine, type Machine } from './machine.ts';

const PASSWORD = "it's: a pass word\\n";

/** Shell lines that make TOP/root a copy of /, in memory. */
const OWN_ROOT = `
  mount -t tmpfs none TOP
  mkdir TOP/upper TOP/work TOP/root
  mount -t overlay overlay -o lowerdir=/,upperdir=TOP/upper,workdir=TOP/work TOP/root`;

let at: Machine;
/** As GIO writes a local folder. */
let remote = '';
let folder = '';
let documents = '';

beforeEach(async () => {
  at = await machine('ours');
  folder = `${at.home}/USB disk`;
  remote = `gio+file://${at.home}/USB%20disk`;
  documents = `${at.home}/me`;
  put(documents, {
    'Documents/letter.txt': 'Dear Sir\n',
    "Documents/naïve 'x'\n.txt": 'odd',
    'Pictures/1.jpg': noise(300_000),
    '.cache/deja-dup/metadata': 'This folder can be safely deleted.\n',
    '.cache/thumbnails/1': 'picture',
    'Trash/.deja-dup-ignore': '',
    'Trash/x': 'x',
  });
});

describe.runIf(requireTool('gpg')).each(Object.entries(STYLES))('deja-dup %s', (_, style) => {
  const selection = (): string[] => [
    `--exclude=${documents}/.cache/thumbnails`,
    `--include=${documents}/.cache/deja-dup/metadata`,
    `--exclude=${documents}/.cache`,
    `--include=${documents}`,
    '--exclude=**',
    '--exclude-if-present=CACHEDIR.TAG',
    '--exclude-if-present=.deja-dup-ignore',
  ];
  const run = (words: readonly string[], settings: RunSettings = { passphrase: PASSWORD }): Promise<Heard> =>
    asDejaDup(at, words, settings);
  const backup = (action: readonly string[], k: number, settings?: RunSettings): Promise<Heard> =>
    run([...action, ...selection(), '--volsize=200', '/', remote, `--current-time=${timeOfSet(k)}`], settings);

  test('reads the version, backs up, looks, restores and prunes', async () => {
    const version = (await at.run('duplicity', ['--version'])).stdout.split(/\s+/).filter((word) => word !== '');
    expect(version.at(-1)).toMatch(/^[2-9]\d*\.\d+\.\d+$/);

    // Nothing there yet, and no password known.
    const empty = await run(['collection-status', ...selection(), remote], {});
    expect(empty).toMatchObject({ status: 0, sets: [], error: undefined });
    expect(await backup(['full'], 0, {})).toMatchObject({ status: 30, needsPassphrase: true });

    const dry = await backup(['full', '--dry-run'], 0);
    const total = dry.progress.at(-1)?.[0] ?? 0;
    expect(total).toBeGreaterThan(300_000);
    expect(names(folder)).toEqual([]);
    const first = await backup(['full'], 0);
    expect(first).toMatchObject({ status: 0, error: undefined, needsCleanup: false, unreadable: [] });
    expect(first.progress.at(-1)).toEqual([total]);
    expect(first.uploads).toBeGreaterThan(0);
    expect(first.files).toContain(`${documents.slice(1)}/Documents/naïve 'x'\n.txt`);
    // The same password again, by a small file.
    const path = `${documents.slice(1)}/.cache/deja-dup/metadata`;
    const check = ['restore', style.ownership, '--force', `${style.path}=${path}`, remote, `${at.home}/metadata`];
    expect(await run(check)).toMatchObject({ status: 0, notRestored: [], error: undefined });
    expect(readFileSync(`${at.home}/metadata`, 'latin1')).toContain('safely deleted');

    put(documents, { 'Documents/letter.txt': 'Dear Sir\nYours\n' }, timeOfSet(0));
    rmSync(`${documents}/Pictures/1.jpg`);
    // Of an old lock, and before every run.
    writeFileSync(`${at.home}/.cache/deja-dup/lockfile.lock`, '');
    expect(await backup([...style.incremental], 1)).toMatchObject({ status: 0, error: undefined, needsCleanup: false });

    const { sets } = await run(['collection-status', remote], {});
    expect(sets).toEqual([
      { kind: 'full', time: '20231114T221320Z', isEncrypted: true },
      { kind: 'inc', time: '20231115T221320Z', isEncrypted: true },
    ]);
    const listed = async (time?: string): Promise<string[]> => {
      const list = await run(['list-current-files', ...(time === undefined ? [] : [`--time=${time}`]), remote]);
      expect(list.status).toBe(0);
      return list.listed.map(({ path, type }) => `${type} ${path}`);
    };
    const picture = `reg ${documents.slice(1)}/Pictures/1.jpg`;
    expect(await listed()).not.toContain(picture);
    expect(await listed(sets?.[0]?.time)).toContain(picture);
    expect(await listed()).toContain(`dir ${documents.slice(1)}/Pictures`);

    // Over what is there, without owners: the root of the backup is `/`.
    const back = `${at.home}/back`;
    put(back, { [`${documents}/Documents/letter.txt`]: 'overwritten', 'other.txt': 'stays' });
    const all = await run(['restore', style.ownership, '--force', remote, back]);
    expect(all).toMatchObject({ status: 0, notRestored: [], error: undefined });
    expect(all.progress).toContainEqual([1, 2]);
    expect(treeOf(`${back}${documents}`)).toEqual(treeOf(documents).filter(({ path }) => !isLeftOut(path)));
    expect(readFileSync(`${back}/other.txt`, 'latin1')).toBe('stays');

    const letter = `${documents.slice(1)}/Documents/letter.txt`;
    const one = [style.ownership, '--force', `--time=${sets?.[0]?.time}`, `${style.path}=${letter}`];
    expect((await run(['restore', ...one, remote, `${documents}/Documents/letter.txt`])).status).toBe(0);
    expect(readFileSync(`${documents}/Documents/letter.txt`, 'latin1')).toBe('Dear Sir\n');
    const absent = ['restore', style.ownership, '--force', `${style.path}=absent`, remote, `${at.home}/absent`];
    expect((await run(absent)).error).toMatchObject({ code: 19 });

    // A new chain: it deletes the manifests of the old one from the archive dir first.
    for (const dir of archived().filter((name) => /duplicity-full\..*\.manifest$/.test(name))) rmSync(dir);
    expect(await backup(['full'], 2)).toMatchObject({ status: 0, error: undefined, needsCleanup: false });
    expect((await run(['remove-all-but-n-full', '1', '--force', remote])).status).toBe(0);
    expect((await run(['collection-status', remote], {})).sets).toHaveLength(1);
    expect(names(folder)).toHaveLength(3);
  });

  test('restores into a home directory of another name', async () => {
    const plain = { passphrase: null };
    expect((await backup(['full'], 0, plain)).status).toBe(0);
    const [old, now] = [documents.slice(1), `${at.home}/you`.slice(1)];
    const options = [style.ownership, '--force', '--rename', old, now];
    const back = `${at.home}/back`;
    expect((await run(['restore', ...options, remote, back], plain)).status).toBe(0);
    expect(treeOf(`${back}/${now}`)).toEqual(treeOf(documents).filter(({ path }) => !isLeftOut(path)));
    // The one file is the target, whatever it was called.
    const one = `${style.path}=${old}/Documents/letter.txt`;
    expect((await run(['restore', ...options, one, remote, `${at.home}/you.txt`], plain)).status).toBe(0);
    expect(readFileSync(`${at.home}/you.txt`, 'latin1')).toBe('Dear Sir\n');
  });

  test('asks again for a password that is wrong', async () => {
    expect((await backup(['full'], 0)).status).toBe(0);
    const wrong = { passphrase: 'wrong' };
    expect(await backup([...style.incremental], 1, wrong)).toMatchObject({ status: 31, isWrongPassphrase: true });
    const restore = ['restore', style.ownership, '--force', remote, `${at.home}/back`];
    expect(await run(restore, wrong)).toMatchObject({ status: 31, isWrongPassphrase: true });
    expect(await run(restore, {})).toMatchObject({ status: 30, needsPassphrase: true });
    rmSync(`${at.home}/.cache/deja-dup`, { recursive: true });
    expect(await run(['list-current-files', remote], {})).toMatchObject({ status: 30, needsPassphrase: true });
    expect(await run(['list-current-files', remote], wrong)).toMatchObject({ status: 31, isWrongPassphrase: true });
    expect(names(folder)).toHaveLength(3);
  });

  test('asks before it goes on with the backup of another machine', async () => {
    const plain = { passphrase: null };
    expect((await backup(['full'], 0, plain)).status).toBe(0);
    expect((await run(['collection-status', remote], plain)).sets).toMatchObject([
      { kind: 'full', isEncrypted: false },
    ]);
    const manifests = [...names(folder).map((name) => `${folder}/${name}`), ...archived()];
    for (const path of manifests.filter((name) => name.endsWith('.manifest'))) {
      writeFileSync(path, readFileSync(path, 'latin1').replace(/^Hostname .*/, "Hostname other's-host"), 'latin1');
    }
    const asked = await backup([...style.incremental], 1, plain);
    expect(asked).toMatchObject({ status: 3, error: { code: 3, fields: [expect.any(String), "other's-host"] } });
    expect(asked.error?.fields[0]).not.toBe('');
    const allowed = await backup([...style.incremental, '--allow-source-mismatch'], 1, plain);
    expect(allowed).toMatchObject({ status: 0, error: undefined });
  });

  test('cleans up after leftovers and goes on', async () => {
    const plain = { passphrase: null };
    expect((await backup(['full'], 0, plain)).status).toBe(0);
    const [volume = ''] = names(folder).filter((name) => name.includes('vol1'));
    const orphan = 'duplicity-inc.20200101T000000Z.to.20200102T000000Z.vol1.difftar.gz';
    writeFileSync(`${folder}/${orphan}`, readFileSync(`${folder}/${volume}`));
    expect((await run(['collection-status', remote], plain)).needsCleanup).toBe(true);
    expect(await run(['cleanup', '--force', remote], plain)).toMatchObject({ status: 0, error: undefined });
    expect(names(folder)).not.toContain(orphan);
    expect(await backup([...style.incremental], 1, plain)).toMatchObject({ status: 0, needsCleanup: false });
  });
});

describe('deja-dup, of any version', () => {
  const plain = { passphrase: null };
  const backup = (settings: RunSettings): Promise<Heard> => {
    const words = ['full', '--volsize=200', '--num-retries=1', '--backend-retry-delay=0', documents, remote];
    return asDejaDup(at, words, { ...plain, ...settings });
  };
  const fault = (rule: object): RunSettings => ({ env: { DUPLICITY_TEST_FAULTS: JSON.stringify([rule]) } });

  test.each([
    [50, 'BACKEND_ERROR'],
    [51, 'BACKEND_PERMISSION_DENIED'],
    [53, 'BACKEND_NO_SPACE'],
  ])('sees by code %i and the operation what went wrong with the storage', async (code, name) => {
    const { status, error } = await backup(fault({ op: 'put', match: 'vol1', do: 'error', code: name }));
    const fields = ['put', expect.any(String), expect.stringMatching(/vol1\.difftar\.gz$/)];
    expect([status, error?.code, error?.fields]).toEqual([code, code, fields]);
  });

  test('knows the volume that was damaged on its way', async () => {
    const { status, error } = await backup(fault({ op: 'put', match: 'vol1', do: 'truncate', bytes: 10 }));
    const [name, expected, actual] = error?.fields ?? [];
    expect([status, error?.code]).toEqual([44, 44]);
    expect(name).toMatch(/^duplicity-full\..*\.vol1\.difftar\.gz$/);
    expect(Number(expected) - Number(actual)).toBe(10);
  });

  test('stops a run, lets it go on, kills one, and the next is whole', async () => {
    let stopped = 0;
    const paused = await backup({
      heard(pid) {
        if (stopped++ > 0) return;
        process.kill(-pid, 'SIGSTOP');
        process.kill(-pid, 'SIGCONT');
      },
    });
    expect(paused.status).toBe(0);
    expect(stopped).toBeGreaterThan(0);
    const killed = await backup({
      // The volume has arrived, the manifest never will.
      ...fault({ op: 'put', match: 'manifest', do: 'wait', until: 'never' }),
      heard(pid, log) {
        if (/^INFO 2 /m.test(log)) process.kill(-pid, 'SIGKILL');
      },
    });
    expect(killed.status).toBeNull();
    expect(names(folder).filter((name) => name.includes('.vol1.'))).toHaveLength(2);
    expect(names(folder).filter((name) => name.endsWith('.manifest'))).toHaveLength(1);
    expect(await backup({})).toMatchObject({ status: 0, error: undefined });
    expect(await asDejaDup(at, ['restore', '--force', remote, `${at.home}/back`], plain)).toMatchObject({ status: 0 });
    expect(treeOf(`${at.home}/back`)).toEqual(treeOf(documents));
  });

  test.runIf(requireOwnRoot())('restores into /, over what is there', async () => {
    // In a root directory of its own: a layer over this one, which goes with the process.
    const top = `${at.home}/root`;
    mkdirSync(top);
    const options = `--no-encryption --archive-dir=${at.home}/a --tempdir=${at.home}/tmp`;
    const script = `
      ${OWN_ROOT.replaceAll('TOP', top)}
      for dir in proc dev; do mount --rbind /$dir ${top}/root/$dir; done
      exec chroot ${top}/root sh -ec '
        duplicity full --include=${documents} "--exclude=**" / ${remote} ${options}
        find ${documents} -printf "%P %m %T@ %l\\n" | sort > ${at.home}/before
        rm -r ${documents}/Documents
        chmod 700 ${documents}
        echo overwritten > ${documents}/Pictures/1.jpg
        duplicity restore --do-not-restore-ownership --force ${remote} / ${options}
        find ${documents} -printf "%P %m %T@ %l\\n" | sort > ${at.home}/after
        diff ${at.home}/before ${at.home}/after
        sha256sum < ${documents}/Pictures/1.jpg'`;
    const { stdout } = succeeded(await at.run('unshare', ['-m', 'sh', '-ec', script]));
    const picture = createHash('sha256').update(readFileSync(`${documents}/Pictures/1.jpg`));
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`${picture.digest('hex')}  -`);
  });

  test('hears one sentence for places that only GIO reaches', async () => {
    const { status, error } = await asDejaDup(at, ['collection-status', 'gio+smb://nas/backup'], plain);
    expect(status).toBe(40);
    expect(error).toMatchObject({ code: 40, text: expect.stringMatching(/^gio\+smb:\/\/nas\/backup needs GIO/) });
  });
});

/** For `test.runIf`: root in a container need not have the right to mount. */
function requireOwnRoot(): boolean {
  const top = tempDir();
  const { status } = spawnSync('unshare', ['-m', 'sh', '-ec', OWN_ROOT.replaceAll('TOP', top)]);
  if (status !== 0) console.warn('skipped: a layer over / cannot be mounted here');
  return status === 0;
}

function isLeftOut(path: string): boolean {
  return /^\.cache\/thumbnails|^Trash/.test(path);
}

function archived(): string[] {
  const top = `${at.home}/.cache/deja-dup`;
  return readdirSync(top, { recursive: true, encoding: 'latin1' }).map((name) => `${top}/${name}`);
}
