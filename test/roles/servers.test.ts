import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { checkRole, type RoleCheckResult } from '../../src/actions/roles/check-role.ts';
import type { Role } from '../../src/actions/roles/role.ts';
import { roles } from '../../src/actions/roles/roles.ts';
import type { Backend } from '../../src/backends/backend.ts';
import type { DriverOptions } from '../../src/backends/open-options.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';
import { failureOf, names } from '../conformance/driver-calls.ts';
import { startApacheDav } from '../servers/apache-dav.ts';
import { requireB2, startB2 } from '../servers/b2.ts';
import { startProftpd } from '../servers/proftpd.ts';
import { RSYNC_PASSWORD, startRsyncd } from '../servers/rsyncd.ts';
import { startSshd } from '../servers/sshd.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { isLong } from '../support/forms.ts';
import { ask, backUp, type Machine, machine, restored } from '../support/in-process.ts';
import { noise, put, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

const signal = new AbortController().signal;
const VOLUME = 128 * 1024;

/** The only policy of a role at a URL, as it is printed. */
function policyOf(url: string, role: Role): string {
  const text = roles(url, [role]).roles[0]?.policies[0]?.text;
  if (text === undefined) throw new Error('no policy');
  return text;
}

async function opened(
  url: string,
  settings: DriverOptions = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Backend> {
  const driver = await openBackend(parseUrl(url), { signal, settings, env, makesPlace: false });
  onTestFinished(() => driver[Symbol.asyncDispose]());
  return withRetry(driver, { tries: 1, delayMs: 0, emit: () => undefined });
}

/** What `--check` finds of a role, as `right found`. */
async function checked(backend: Backend, url: string, role: Role): Promise<RoleCheckResult> {
  const [policy] = roles(url, [role]).roles;
  if (policy === undefined) throw new Error('no role');
  return ask(machineOf(), backend, (repository) => checkRole({ ...repository, url }, policy));
}

const verdicts = ({ trials }: RoleCheckResult): string =>
  trials.map(({ right, found, verdict }) => `${right} ${found} ${verdict}`).join('\n');

function machineOf(): Machine {
  const on = machine();
  mkdirSync(on.source, { recursive: true });
  return on;
}

/** A full backup of several volumes, an increment that is cut off in the middle, and two after it. */
async function expectBackups(backend: Backend, { volumes = 3, isCut = true } = {}): Promise<void> {
  const on = machineOf();
  const settings = { volsize: VOLUME };
  put(on.source, { large: noise((volumes - 0.5) * VOLUME), small: 'one' });
  await backUp(on, backend, 0, settings);
  put(on.source, { large: noise((volumes - 0.5) * VOLUME, 2) }, timeOfSet(0));
  const cut = isCut && (await failureOf(backUp(on, backend, 1, { ...settings, failOnVolume: 1 })));
  expect(String(cut)).toContain(isCut ? 'volume 1' : 'false');
  put(on.source, { other: 'two' }, timeOfSet(1));
  await backUp(on, backend, 2, settings);
  if (isCut) await backUp(on, backend, 3, settings);
  expect(await restored(on, backend, 3)).toEqual(treeOf(on.source));
}

/** Whether the file system of temporary directories knows the attribute. */
function canAppendOnly(): boolean {
  const dir = tempDir();
  const is = spawnSync('chattr', ['+a', dir]).status === 0;
  spawnSync('chattr', ['-a', dir]);
  return is;
}

const BACKUP_HOST = `list allowed right
read allowed right
store allowed right
overwrite refused right
delete refused right`;
const OWNER_AS_BACKUP_HOST = `list allowed right
read allowed right
store allowed right
overwrite allowed too much
delete allowed too much`;
const READER = `list allowed right
read allowed right
store refused right
overwrite refused right
delete refused right`;

describe.runIf(requireTool('sshd') && process.getuid?.() === 0)('sshd', () => {
  const account = { name: 'dup-role', password: 'x' };

  async function sshd(
    role: Role | undefined,
  ): Promise<{ readonly url: string; readonly settings: DriverOptions; readonly home: string }> {
    const dir = tempDir();
    const match = role && policyOf('sftp://dup-role@h/store', role).replace(/^Match User .*$/m, 'Match User dup-role');
    const server = await startSshd(dir, { account, ...(match !== undefined && { match }) });
    onTestFinished(() => server.stop());
    const url = `sftp://dup-role@127.0.0.1:${server.port}/store`;
    mkdirSync(`${server.home}/store`);
    chmodSync(`${server.home}/store`, 0o777);
    return { url, settings: { sshOptions: server.options }, home: server.home };
  }

  test('with the printed rights of a backup host backups go on, nothing is taken away, and --check finds them right', async () => {
    const { url, settings } = await sshd('backup');
    const backend = await opened(url, settings);
    expect(verdicts(await checked(backend, url, 'backup'))).toBe(BACKUP_HOST);
    await expectBackups(backend);
    const [name = ''] = await names(backend);
    await expect(backend.delete(name, { signal })).rejects.toMatchObject({ code: 'BACKEND_PERMISSION_DENIED' });
  });

  test.runIf(isLong)('with those of a keeper nothing can be stored', async () => {
    const keeper = await sshd('keeper');
    put(`${keeper.home}/store`, { 'duplicity-role-1': 'x' });
    expect(verdicts(await checked(await opened(keeper.url, keeper.settings), keeper.url, 'keeper'))).toBe(READER);
  });

  test.runIf(isLong)('with those of a pruner what is there can be deleted', async () => {
    const pruner = await sshd('pruner');
    put(`${pruner.home}/store`, { 'duplicity-role-1': 'x' });
    chmodSync(`${pruner.home}/store`, 0o777);
    const result = await checked(await opened(pruner.url, pruner.settings), pruner.url, 'pruner');
    expect([result.isRight, result.trials[4]?.found]).toEqual([true, 'allowed']);
    expect(readdirSync(`${pruner.home}/store`)).toEqual([]);
  });

  // Each of its many calls logs in.
  test.runIf(isLong && requireTool('rrsync'))(
    'the printed key for rsync takes backups, and nothing is replaced or deleted',
    async () => {
      const dir = tempDir();
      mkdirSync(`${dir}/store`);
      const command = /command="([^"]*)"/.exec(policyOf(`rsync://h/${dir}/store`, 'backup'))?.[1];
      const server = await startSshd(dir, { command: `exec ${command}` });
      onTestFinished(() => server.stop());
      const url = `rsync://${server.user}@127.0.0.1:${server.port}/`;
      const env = { PATH: process.env['PATH'] ?? '', HOME: dir };
      const backend = await opened(url, { sshOptions: server.options }, env);
      expect(verdicts(await checked(backend, url, 'backup'))).toBe(BACKUP_HOST);
      await expectBackups(backend, { volumes: 2 });
    },
  );

  test.runIf(isLong)('an account without bounds is found too wide', async () => {
    const { url, settings, home } = await sshd(undefined);
    const backend = await opened(url, settings);
    const result = await checked(backend, url, 'backup');
    expect([verdicts(result), result.isRight]).toEqual([OWNER_AS_BACKUP_HOST, false]);
    expect(readdirSync(`${home}/store`)).toEqual([]);
  });
});

describe.runIf(requireTool('proftpd'))('ProFTPD', () => {
  test('with the printed rights backups go on, nothing is taken away, and --check finds them right', async () => {
    const dir = tempDir();
    const place = (name: string): string => `/${dir}/home/${name}`;
    const rules = (['backup', 'keeper', 'pruner'] as const).map((role) => policyOf(`ftp://h${place(role)}`, role));
    const server = await startProftpd(dir, [], rules.join('\n'));
    onTestFinished(() => server.stop());
    for (const name of ['backup', 'keeper', 'pruner', 'wide']) mkdirSync(`${server.home}/${name}`);
    const at = (name: string): string => server.url('ftp', place(name).slice(1));
    const host = await opened(at('backup'));
    expect(verdicts(await checked(host, at('backup'), 'backup'))).toBe(BACKUP_HOST);
    await expectBackups(host);
    put(`${server.home}/keeper`, { 'duplicity-role-1': 'x' });
    expect(verdicts(await checked(await opened(at('keeper')), at('keeper'), 'keeper'))).toBe(READER);
    put(`${server.home}/pruner`, { 'duplicity-role-1': 'x' });
    const pruner = await checked(await opened(at('pruner')), at('pruner'), 'pruner');
    expect(verdicts(pruner)).toBe(
      'list allowed right\nread refused right\nstore refused right\noverwrite refused right\ndelete allowed right',
    );
    expect(readdirSync(`${server.home}/pruner`)).toEqual([]);
    expect(verdicts(await checked(await opened(at('wide')), at('wide'), 'backup'))).toBe(OWNER_AS_BACKUP_HOST);
    expect(readdirSync(`${server.home}/wide`)).toEqual([]);
    const narrow = await checked(await opened(at('keeper')), at('keeper'), 'backup');
    expect([narrow.isRight, narrow.trials[2]?.verdict]).toEqual([false, 'too little']);
  });
});

describe.runIf(process.getuid?.() === 0 && canAppendOnly())('a directory', () => {
  test('with the printed attribute backups go on, nothing is taken away, and --check finds it right', async () => {
    const dir = `${tempDir()}/it's here`;
    const url = `file://${dir}`;
    const words = policyOf(url, 'backup').replace('-o USER', '-o root');
    expect(spawnSync('sh', ['-ec', words]).status).toBe(0);
    onTestFinished(() => void spawnSync('chattr', ['-a', dir]));
    const backend = await opened(url);
    expect(verdicts(await checked(backend, url, 'backup'))).toBe(
      BACKUP_HOST.replace('overwrite refused', 'overwrite allowed'),
    );
    await expectBackups(backend);
  });
});

describe.runIf(requireTool('apache2'))('Apache', () => {
  test('with the printed rights backups go on, nothing is taken away, and --check finds them right', async () => {
    const dir = tempDir();
    const server = await startApacheDav(dir, policyOf('webdav://h/open', 'backup'));
    onTestFinished(() => server.stop());
    const url = `webdav://127.0.0.1:${server.port}/open`;
    const backend = await opened(url);
    expect(verdicts(await checked(backend, url, 'backup'))).toBe(BACKUP_HOST);
    await expectBackups(backend);
    const wide = `webdav://127.0.0.1:${server.port}/stay`;
    const result = await checked(await opened(wide), wide, 'backup');
    expect(verdicts(result)).toBe(OWNER_AS_BACKUP_HOST);
  });
});

describe.runIf(requireTool('rsync'))('a daemon of rsync', () => {
  test('with the printed modules backups go on, nothing is deleted, and --check finds them right', async () => {
    const dir = tempDir();
    const own = (['backup', 'keeper', 'pruner'] as const).map((role) => {
      mkdirSync(`${dir}/${role}`);
      return policyOf(`rsync://dup@h::own-${role}/`, role)
        .replace('/srv/backups', `${dir}/${role}`)
        .replace('/etc/rsyncd.secrets', `${dir}/secrets`)
        .replace(/auth users = .*/, 'auth users = dup');
    });
    const server = await startRsyncd(dir, [], own.join('\n'));
    onTestFinished(() => server.stop());
    const at = (role: Role): string => `rsync://dup@127.0.0.1:${server.port}::own-${role}/`;
    const env = { RSYNC_PASSWORD, PATH: process.env['PATH'] ?? '' };
    const host = await opened(at('backup'), {}, env);
    expect(verdicts(await checked(host, at('backup'), 'backup'))).toBe(
      BACKUP_HOST.replace('overwrite refused', 'overwrite allowed'),
    );
    await expectBackups(host, { volumes: 1, isCut: false });
    put(`${dir}/keeper`, { 'duplicity-role-1': 'x' });
    expect(verdicts(await checked(await opened(at('keeper'), {}, env), at('keeper'), 'keeper'))).toBe(READER);
    const wide = await checked(await opened(at('pruner'), {}, env), at('pruner'), 'backup');
    expect([wide.isRight, wide.trials[4]?.verdict]).toEqual([false, 'too much']);
    expect(readdirSync(`${dir}/pruner`)).toEqual([]);
  });
});

describe.runIf(requireSwift())('the S3 API and the API of OpenStack Swift', () => {
  let server: SwiftServer;
  beforeAll(async () => {
    server = await startSwift();
    await server.request('PUT', '/bucket');
    await server.request('PUT', '/bucket/duplicity-role-1', {}, 'x');
    const acl = /--read-acl '([^']*)'/.exec(policyOf('swift://bucket', 'restorer'))?.[1] ?? '';
    await server.request('POST', '/bucket', { 'X-Container-Read': acl.replace('PROJECT:USER', 'test:reader') });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('the printed right to read is found right for a restorer, and too narrow for a backup host', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'test:reader', AWS_SECRET_ACCESS_KEY: 'reading' };
    const reader = await opened('s3://bucket', { s3EndpointUrl: server.origin }, env);
    expect(verdicts(await checked(reader, 's3://bucket', 'restorer'))).toBe(READER);
    await expect(reader.mayStore?.({ signal })).rejects.toMatchObject({ code: 'BACKEND_PERMISSION_DENIED' });
    const host = await checked(reader, 's3://bucket', 'backup');
    expect([host.isRight, host.trials[2]?.verdict]).toEqual([false, 'too little']);
  });

  test('the owner is found too wide for a restorer', async () => {
    const owner = await opened('s3://bucket', { s3EndpointUrl: server.origin }, server.s3);
    const result = await checked(owner, 's3://bucket', 'restorer');
    expect(verdicts(result)).toContain('store allowed too much\noverwrite allowed too much\ndelete allowed too much');
    await owner.mayStore?.({ signal });
    expect(await names(owner)).toEqual(['duplicity-role-1']);
  });
});

describe.runIf(requireB2())("Backblaze's simulator", () => {
  test('with the printed keys backups go on, nothing is taken away, and --check finds them right', async () => {
    const server = await startB2(500_000);
    onTestFinished(() => server[Symbol.asyncDispose]());
    const made = await openBackend(parseUrl(`b2://${server.key.id}@box`), { signal, env: server.env });
    await made[Symbol.asyncDispose]();
    const asRole = async (role: Role): Promise<{ readonly url: string; readonly backend: Backend }> => {
      const capabilities = policyOf('b2://id@box/place', role).split(' ').at(-1)?.split(',') ?? [];
      const key = await server.makeKey(
        capabilities.filter((word) => !word.includes('Retentions')),
        { bucket: 'box' },
      );
      const url = `b2://${key.id}@box/place`;
      return { url, backend: await opened(url, {}, { ...server.env, FTP_PASSWORD: key.key }) };
    };
    const host = await asRole('backup');
    expect(verdicts(await checked(host.backend, host.url, 'backup'))).toBe(
      BACKUP_HOST.replace('overwrite refused', 'overwrite allowed'),
    );
    await expectBackups(host.backend);
    await host.backend.mayStore?.({ signal });
    const pruner = await asRole('pruner');
    expect(verdicts(await checked(pruner.backend, pruner.url, 'pruner'))).toBe(
      'list allowed right\nread refused right\nstore refused right\noverwrite refused right\ndelete allowed right',
    );
    await server.plant('box', ['place/duplicity-role-1']);
    const keeper = await asRole('keeper');
    expect((await checked(keeper.backend, keeper.url, 'keeper')).trials.map(({ found }) => found)).toEqual([
      'allowed',
      'allowed',
      'refused',
      'refused',
      'refused',
    ]);
    await expect(keeper.backend.mayStore?.({ signal })).rejects.toMatchObject({ code: 'BACKEND_PERMISSION_DENIED' });
  });
});
