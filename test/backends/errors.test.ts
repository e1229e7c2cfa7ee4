import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startApacheDav, type DavServer } from '../servers/apache-dav.ts';
import { connectionString, requireAzurite, startAzurite, type AzuriteServer } from '../servers/azurite.ts';
import { startDovecot, type ImapServer } from '../servers/dovecot.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { startProftpd, type FtpServer } from '../servers/proftpd.ts';
import { startRsyncd, type Rsyncd } from '../servers/rsyncd.ts';
import { startSshd, type Sshd } from '../servers/sshd.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { command, duplicity, noise, PLAIN, put, scene } from '../support/scene.ts';
import { root } from '../support/paths.ts';
import { run } from '../support/processes.ts';
import { tempDir } from '../support/temp.ts';
import { requireMount, tmpfs } from '../support/tmpfs.ts';
import { requireTool } from '../support/tools.ts';

type Env = Readonly<Record<string, string>>;

interface Attempt {
  readonly url: string;
  readonly args?: readonly string[];
  readonly env?: Env;
}

/** What goes wrong, the exit status, what the sentence says, and what it advises. */
type Row = readonly [what: string, attempt: () => Attempt, status: number, says: RegExp, advice: RegExp];

/** Of two uploads at once one makes room for the other when it fails on a full disk. */
const IN_LINE = ['--concurrency', '0'];

/** Backs three megabytes up in volumes of two: the run must end at once, with one sentence and its advice. */
function fails(rows: readonly Row[]): void {
  test.each(rows)('%s', async (_what, attempt, expected, says, advice) => {
    const { url, args = [], env = {} } = attempt();
    const { source } = scene();
    put(source, { big: noise(3_000_000) });
    const words = ['full', ...PLAIN, '--volsize', '2', '--timeout', '20', ...args, source, url];
    const { status, stdout, stderr } = await duplicity(words, { env });
    const [sentence = '', hint = '', ...more] = stderr.trimEnd().split('\n');
    expect({ status, sentence, hint, more }).toEqual({
      status: expected,
      sentence: expect.stringMatching(says),
      hint: expect.stringMatching(advice),
      more: [],
    });
    expect(stdout + stderr).not.toMatch(/hush|Attempt of|Giving up after ([2-9]|1\d)/);
  });
}

describe('file', () => {
  const dir = tempDir();
  const full = tmpfs(1_000_000);
  fails([
    [
      'a file in the place of the directory',
      () => {
        writeFileSync(`${dir}/file`, '');
        return { url: `file://${dir}/file` };
      },
      50,
      /create the directory .*File already exists/,
      /a file stands where/,
    ],
    ...(full === undefined
      ? []
      : [
          [
            'a full disk',
            () => ({ url: `file://${full}`, args: IN_LINE }),
            53,
            /No space left/,
            /Free some space/,
          ] as const,
        ]),
    ...(full === undefined
      ? []
      : [
          [
            'a disk that is mounted read-only',
            () => {
              const place = tmpfs(1_000_000) ?? '';
              spawnSync('mount', ['-o', 'remount,ro', place]);
              return { url: `file://${place}` };
            },
            50,
            /Read-only file system/,
            /Mount the target/,
          ] as const,
        ]),
  ]);
});

describe.runIf(requireTool('sshd') && requireTool('ssh') && requireTool('rsync'))('sftp, scp and rsync', () => {
  let server: Sshd;
  let reading: Sshd;
  beforeAll(async () => {
    server = await startSshd(tempDir());
    reading = await startSshd(tempDir(), { only: 'read-only' });
  });
  afterAll(async () => {
    await server.stop();
    await reading.stop();
  });
  const options = (known: string, key = server.key): readonly string[] => [
    '--ssh-options',
    `-oIdentityFile=${key} -oIdentitiesOnly=yes -oUserKnownHostsFile=${known} -oGlobalKnownHostsFile=/dev/null`,
  ];
  function changed(): string {
    const file = `${tempDir()}/known`;
    const other = reading.hostKeys.map((key) => `[127.0.0.1]:${server.port} ${key}\n`);
    writeFileSync(file, other.join(''));
    return file;
  }
  for (const scheme of ['sftp', 'scp', 'rsync'] as const) {
    const at = (path: string): string => `${scheme}://127.0.0.1:${server.port}/${path}`;
    fails([
      [
        `${scheme}: no key that the server takes`,
        () => ({ url: at('x'), args: options(server.knownHosts, '/nowhere/key') }),
        51,
        scheme === 'rsync' ? /Permission denied \(publickey/ : /refused the login: tried/,
        scheme === 'rsync' ? /keys only/ : /Check user, key and password/,
      ],
      [
        `${scheme}: a server whose key is not known`,
        () => ({ url: at('x'), args: options(`${tempDir()}/none`) }),
        51,
        scheme === 'rsync' ? /Host key verification failed/ : /key of \[127\.0\.0\.1\]:\d+ is not known: ssh-/,
        scheme === 'rsync' ? /Connect once with ssh/ : /then run: echo/,
      ],
      [
        `${scheme}: a server whose key has changed`,
        () => ({ url: at('x'), args: options(changed()) }),
        51,
        scheme === 'rsync' ? /HAS CHANGED/ : /is not the known one/,
        /Find out why/,
      ],
      [
        `${scheme}: a directory that cannot be made`,
        () => ({ url: at('/dev/null/x'), args: options(server.knownHosts) }),
        scheme === 'rsync' ? 50 : 52,
        scheme === 'rsync' ? /Not a directory/ : /create the directory \/dev\/null\/x/,
        /Check the path of the URL/,
      ],
    ]);
    if (requireMount()) {
      const place = tmpfs(1_000_000) ?? '';
      fails([
        [
          `${scheme}: a full disk`,
          () => ({ url: at(`/${place.slice(1)}`), args: [...options(server.knownHosts), ...IN_LINE] }),
          53,
          /No space left/,
          /Free some space/,
        ],
      ]);
    }
  }
  fails([
    [
      'sftp: a server that takes no writes',
      () => ({ url: `sftp://127.0.0.1:${reading.port}`, args: options(reading.knownHosts, reading.key) }),
      51,
      /Permission denied/,
      /Check owner and mode/,
    ],
  ]);
});

describe.runIf(requireTool('rsync'))('a daemon of rsync', () => {
  let server: Rsyncd;
  beforeAll(async () => {
    server = await startRsyncd(tempDir());
  });
  afterAll(() => server.stop());
  const at = (user: string, module: string): string => `rsync://${user}127.0.0.1:${server.port}::${module}`;
  fails([
    [
      'a wrong password',
      () => ({ url: at('dup:hush@', 'secret') }),
      51,
      /auth failed/,
      /password of the URL or of FTP_PASSWORD/,
    ],
    ['a module that is not there', () => ({ url: at('', 'nope') }), 52, /Unknown module/, /behind the colons/],
    ['a module that takes no writes', () => ({ url: at('', 'ro/x') }), 51, /read.only/i, /Check owner and mode/],
  ]);
});

describe.runIf(requireTool('proftpd') && requireTool('openssl'))('ftp', () => {
  let server: FtpServer;
  beforeAll(async () => {
    server = await startProftpd(tempDir());
  });
  afterAll(() => server.stop());
  const wrong = (url: string): string => url.replace(/:[^:@]*@/, ':hush@');
  fails([
    ['a wrong password', () => ({ url: wrong(server.url('ftp', 'x')) }), 51, /530 Login incorrect/, /FTP_PASSWORD/],
    [
      'a directory that takes no writes',
      () => ({ url: server.url('ftp', 'readonly') }),
      51,
      /550/,
      /Give this account the right/,
    ],
    [
      'a certificate that is not trusted',
      () => ({ url: server.url('ftpes', 'x') }),
      50,
      /certificate of 127.0.0.1/,
      /--ssl-cacert-file/,
    ],
    ['a server that wants TLS', () => ({ url: server.url('ftp', 'x', server.ports.strict) }), 51, /TLS|SSL/, /ftpes/],
    ['a directory that cannot be made', () => ({ url: server.url('ftp', '/dev/null/x') }), 50, /./, /Check the path/],
  ]);
  if (requireMount()) {
    const full = tmpfs(1_000_000) ?? '';
    fails([
      [
        'a full disk',
        () => ({ url: server.url('ftp', full), args: IN_LINE }),
        53,
        /No space|space/i,
        /Free some space/,
      ],
    ]);
  }
});

describe.runIf(requireTool('apache2') && requireTool('openssl'))('webdav', () => {
  let server: DavServer;
  let proxy: FaultyProxy;
  beforeAll(async () => {
    server = await startApacheDav(tempDir());
    proxy = await startFaultyProxy(server.port);
    proxy.set({ method: 'PUT', path: /open/, count: 99, status: 507 });
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server.stop();
  });
  const wrong = (url: string): string => url.replace(/:[^:@]*@/, ':hush@');
  fails([
    ['a wrong password, Basic', () => ({ url: wrong(server.url('webdav', 'basic/x')) }), 51, /401/, /FTP_PASSWORD/],
    ['a wrong password, Digest', () => ({ url: wrong(server.url('webdav', 'digest/x')) }), 51, /401/, /FTP_PASSWORD/],
    [
      'a directory that takes no writes',
      () => ({ url: server.url('webdav', 'readonly') }),
      51,
      /403/,
      /Give this account/,
    ],
    [
      'a place that is not there and cannot be made',
      () => ({ url: server.url('webdav', 'nowhere/x') }),
      51,
      /403/,
      /Give this account/,
    ],
    ['a place without WebDAV', () => ({ url: server.url('webdav', 'plain') }), 50, /405/, /does not speak WebDAV/],
    ['a file above the limit', () => ({ url: server.url('webdav', 'quota/x') }), 53, /413/, /--volsize/],
    ['a quota that is used up', () => ({ url: `${proxy.origin}/open/x` }), 53, /507/, /Free some space/],
    [
      'a certificate that is not trusted',
      () => ({ url: server.url('webdavs', 'basic/x') }),
      50,
      /certificate/,
      /--ssl-cacert-file/,
    ],
  ]);
});

describe.runIf(requireSwift())('s3 and swift', () => {
  let server: SwiftServer;
  let proxy: FaultyProxy;
  beforeAll(async () => {
    server = await startSwift();
    proxy = await startFaultyProxy(server.port);
    await server.request('PUT', '/bucket', { 'X-Container-Read': '*', 'X-Container-Write': '' });
    proxy.set({ method: 'PUT', path: /bucket.*vol1/, count: 99, status: 507 });
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const s3 = (env: Env, url = 's3://bucket/x', origin = server.origin): Attempt => ({
    url,
    env: { AWS_EC2_METADATA_DISABLED: 'true', ...env },
    args: ['--s3-endpoint-url', origin],
  });
  let preauthorised: Env;
  beforeAll(async () => {
    const { headers } = await fetch(`${server.origin}/auth/v1.0`, {
      headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' },
    });
    const token = headers.get('x-auth-token') ?? '';
    preauthorised = { SWIFT_PREAUTHURL: `${proxy.origin}/v1/AUTH_test`, SWIFT_PREAUTHTOKEN: token };
  });
  const key = 'AWS_ACCESS_KEY_ID';
  const secret = 'AWS_SECRET_ACCESS_KEY';
  fails([
    ['s3: no credentials', () => s3({}), 51, /there are no credentials/, /AWS_ACCESS_KEY_ID/],
    [
      's3: a key that is not known',
      () => s3({ [key]: 'no:body', [secret]: 'hush' }),
      51,
      /secret key is wrong/,
      /AWS_SECRET_ACCESS_KEY/,
    ],
    [
      's3: a wrong secret',
      () => s3({ ...server.s3, [secret]: 'hush' }),
      51,
      /secret key is wrong/,
      /AWS_SECRET_ACCESS_KEY/,
    ],
    ['s3: no such bucket', () => s3(server.s3, 's3://none-such/x'), 52, /no such bucket/, /Create the bucket/],
    [
      's3: an account that may not write',
      () => s3({ [key]: 'test:reader', [secret]: 'reading' }),
      51,
      /denied/,
      /may do/,
    ],
    ['s3: a full store', () => s3(server.s3, 's3://bucket/x', proxy.origin), 53, /full/, /Free some space/],
    [
      'swift: a wrong password',
      () => ({ url: 'swift://bucket/x', env: { ...server.v1, SWIFT_PASSWORD: 'hush' } }),
      38,
      /refuses user or password/,
      /Check user/,
    ],
    ['swift: no credentials', () => ({ url: 'swift://bucket/x' }), 23, /SWIFT_USERNAME and/, /Set SWIFT/],
    [
      'swift: an account that may not write',
      () => ({
        url: 'swift://bucket/x',
        env: { ...server.v1, SWIFT_USERNAME: 'test:reader', SWIFT_PASSWORD: 'reading' },
      }),
      51,
      /denied/,
      /what the account may do/,
    ],
    ['swift: a full store', () => ({ url: 'swift://bucket/x', env: preauthorised }), 53, /full/, /Free some space/],
  ]);
});

describe.runIf(requireAzurite())('azure', () => {
  let server: AzuriteServer;
  let proxy: FaultyProxy;
  beforeAll(async () => {
    server = await startAzurite();
    proxy = await startFaultyProxy(Number(new URL(server.origin).port));
    proxy.set({ method: 'PUT', path: /vol1/, count: 99, status: 507 });
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const azure = (text: string): Attempt => ({ url: 'azure://container', env: { AZURE_CONNECTION_STRING: text } });
  fails([
    [
      'a wrong key',
      () => azure(connectionString(server.origin, Buffer.from('hush').toString('base64'))),
      38,
      /access is denied/,
      /AZURE_CONNECTION_STRING/,
    ],
    ['no connection string', () => ({ url: 'azure://container' }), 23, /must be set/, /access keys/],
    ['a full store', () => azure(connectionString(proxy.origin)), 53, /full/, /Free some space/],
  ]);
});

describe.runIf(requireTool('dovecot') && requireTool('openssl'))('imap', () => {
  let server: ImapServer;
  beforeAll(async () => {
    server = await startDovecot(tempDir());
  });
  afterAll(() => server.stop());
  const imap = (password: string, ...more: readonly string[]): Attempt => ({
    url: server.url('imap', 'x'),
    env: { IMAP_PASSWORD: password },
    args: ['--ssl-cacert-file', server.authority, ...more],
  });
  fails([
    ['a wrong password', () => imap('hush'), 51, /Authentication failed/, /IMAP_PASSWORD/],
    [
      'a mailbox that is not there',
      () => imap(server.password, '--imap-mailbox', 'Nope'),
      52,
      /mailbox Nope/,
      /--imap-mailbox/,
    ],
    [
      'a certificate that is not trusted',
      () => ({ ...imap(server.password), args: [] }),
      50,
      /certificate/,
      /--ssl-cacert-file/,
    ],
  ]);
});

describe.runIf(requireTool('rclone') && requireTool('apache2'))('rclone', () => {
  let server: DavServer;
  beforeAll(async () => {
    server = await startApacheDav(tempDir());
  });
  afterAll(() => server.stop());
  function remote(place: string, password: string): Attempt {
    const dir = tempDir();
    const hidden = spawnSync('rclone', ['obscure', password], { encoding: 'utf8' }).stdout.trim();
    const lines = [
      '[dav]',
      'type = webdav',
      `url = http://127.0.0.1:${server.port}/${place}`,
      `user = ${server.user}`,
      `pass = ${hidden}`,
    ];
    writeFileSync(`${dir}/rclone.conf`, `${lines.join('\n')}\n`);
    return { url: 'rclone://dav:/x', env: { RCLONE_CONFIG: `${dir}/rclone.conf` } };
  }
  const full = requireMount() ? tmpfs(1_000_000) : undefined;
  fails([
    ['a remote that is not set up', () => ({ url: 'rclone://none:/x' }), 50, /didn't find section/, /rclone config/],
    ['a wrong password', () => remote('basic', 'hush'), 51, /401/, /rclone config reconnect/],
    ['a place that takes no writes', () => remote('readonly', 'x'), 51, /403 Forbidden/, /what the account may do/],
    [
      'a place that is not there and cannot be made',
      () => remote('nowhere', 'x'),
      51,
      /403 Forbidden/,
      /what the account may do/,
    ],
    ...(full === undefined
      ? []
      : [
          [
            'a full disk',
            () => ({ url: `rclone://:local:/${full}`, args: IN_LINE }),
            53,
            /no space|disk space/i,
            /Free some space/,
          ] as Row,
        ]),
  ]);
});

describe('what is not installed', () => {
  /** PATH with nothing but these programs, and node. */
  function pathWith(...programs: readonly string[]): Env {
    const dir = tempDir();
    for (const name of [...programs, 'sh']) {
      const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
      if (found !== '') symlinkSync(found, `${dir}/${name}`);
    }
    return { PATH: dir };
  }
  fails([
    [
      'rclone',
      () => ({ url: 'rclone://x:/y', env: pathWith() }),
      54,
      /program rclone is not installed/,
      /package rclone/,
    ],
    [
      'rsync',
      () => ({ url: 'rsync://127.0.0.1::x/y', env: pathWith() }),
      54,
      /program rsync is not installed/,
      /install rsync/,
    ],
    [
      'ssh, for rsync',
      () => ({ url: 'rsync://127.0.0.1/y', env: pathWith('rsync') }),
      54,
      /exec ssh/,
      /openssh-client/,
    ],
    [
      'ssh, for ProxyJump',
      () => ({ url: 'sftp://127.0.0.1/y', env: pathWith(), args: ['--ssh-options', '-J other'] }),
      54,
      /ssh: not found/,
      /openssh-client/,
    ],
    [
      'ssh, for a proxy command that says so after it has hung up',
      () => {
        const script = `${tempDir()}/proxy`;
        writeFileSync(script, 'exec 0<&- 1>&-; sleep 0.2; echo ssh: not found >&2; exit 127');
        return { url: 'sftp://127.0.0.1/y', args: ['--ssh-options', `-oProxyCommand="sh ${script}"`] };
      },
      54,
      /ssh: not found/,
      /openssh-client/,
    ],
    [
      'par2',
      () => ({ url: `par2+file://${tempDir()}`, env: pathWith() }),
      54,
      /program par2 is not installed/,
      /package par2/,
    ],
  ]);
});

describe('an optional library that was left out', () => {
  test.each([
    ['@aws-sdk/client-s3', 's3://bucket/x'],
    ['@aws-sdk/client-s3', 'gs://bucket/x'],
    ['@azure/storage-blob', 'azure://container'],
    ['imapflow', 'imaps://user@127.0.0.1/x'],
  ])('%s is named, with the command that installs it, for %s', async (hidden, url) => {
    const program = await installedWithout(hidden);
    const env = { AZURE_CONNECTION_STRING: 'x', IMAP_PASSWORD: 'x' };
    const result = await run(process.execPath, [program, 'collection-status', url], { env });
    expect(result.stderr).toBe(
      `${url.split(':')[0]}:// needs the package ${hidden}, which is not installed.\nRun "npm install ${hidden}" where duplicity is installed.\n`,
    );
    expect(result.status).toBe(23);
  });

  /** The program as an installation without that package has it. */
  async function installedWithout(hidden: string): Promise<string> {
    await command();
    const dir = tempDir();
    cpSync(`${root}/dist/duplicity.cjs`, `${dir}/duplicity.cjs`);
    const packages = readdirSync(`${root}/node_modules`).flatMap((name) =>
      name.startsWith('@') ? readdirSync(`${root}/node_modules/${name}`).map((part) => `${name}/${part}`) : [name],
    );
    for (const name of packages) {
      if (name === hidden || name.startsWith('.')) continue;
      mkdirSync(dirname(`${dir}/node_modules/${name}`), { recursive: true });
      symlinkSync(`${root}/node_modules/${name}`, `${dir}/node_modules/${name}`);
    }
    return `${dir}/duplicity.cjs`;
  }
});
