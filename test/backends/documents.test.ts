import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { afterAll, describe, expect, test } from 'vitest';

import { startApacheDav } from '../servers/apache-dav.ts';
import { requireAzurite, startAzurite } from '../servers/azurite.ts';
import { requireB2, startB2 } from '../servers/b2.ts';
import { startDovecot } from '../servers/dovecot.ts';
import { dropboxApp, dropboxAt, startDropbox } from '../servers/dropbox.ts';
import { startProftpd } from '../servers/proftpd.ts';
import { RSYNC_PASSWORD, startRsyncd } from '../servers/rsyncd.ts';
import { startSshd } from '../servers/sshd.ts';
import { requireSwift, startSwift } from '../servers/swift.ts';
import { root } from '../support/paths.ts';
import { run } from '../support/processes.ts';
import { command, put, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

const pages = `${root}/docs/backends`;
const stops: (() => PromiseLike<unknown>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

/** What of an example stands for the reader's own: servers, passwords, places. */
interface Own {
  readonly texts: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** For every call: what a server of a test needs and a real one does not. */
  readonly args?: readonly string[];
}

const has = (...programs: readonly string[]): boolean => programs.every(requireTool);

const EXAMPLES: readonly (readonly [page: string, isThere: () => boolean, prepare: () => Promise<Own>])[] = [
  ['file', () => true, async () => ({ texts: { '/mnt/disk': tempDir() } })],
  [
    'multi',
    () => true,
    async () => {
      const texts = { '/etc/backup': `${tempDir()}/backup`, 'sftp://me@host': `file://${tempDir()}` };
      return { texts: { ...texts, 's3:///bucket': `file://${tempDir()}` } };
    },
  ],
  ['par2', () => has('par2'), async () => ({ texts: { 'sftp://me@host': `file://${tempDir()}` } })],
  [
    'rclone',
    () => has('rclone'),
    async () => ({ texts: { 'create drive drive ': `create drive alias remote=${tempDir()} ` } }),
  ],
  [
    'sftp',
    () => has('sshd'),
    async () => {
      const server = await startSshd(tempDir());
      stops.push(() => server.stop());
      const place = `sftp://${server.user}@127.0.0.1:${server.port}`;
      return {
        texts: { 'sftp://me@store.example.net': place, '~/.ssh/backup': server.key },
        args: ['--ssh-options', server.options],
      };
    },
  ],
  [
    'rsync',
    () => has('sshd', 'ssh', 'rsync'),
    async () => {
      const server = await startSshd(tempDir());
      const daemon = await startRsyncd(tempDir());
      stops.push(
        () => server.stop(),
        () => daemon.stop(),
      );
      const texts = {
        'me@store.example.net/': `${server.user}@127.0.0.1:${server.port}/`,
        'me@store.example.net::module': `dup@127.0.0.1:${daemon.port}::secret`,
        '=secret ': `='${RSYNC_PASSWORD}' `,
      };
      return { texts, args: ['--ssh-options', server.options] };
    },
  ],
  [
    'ftp',
    () => has('proftpd', 'openssl'),
    async () => {
      const server = await startProftpd(tempDir());
      stops.push(() => server.stop());
      const texts = {
        'ftp.example.org': `127.0.0.1:${server.ports.plain}`,
        "'secret'": `'${server.password}'`,
        '/srv/': `${server.home}/`,
      };
      return { texts, env: { SSL_CERT_FILE: server.authority } };
    },
  ],
  [
    'webdav',
    () => has('apache2', 'openssl'),
    async () => {
      const server = await startApacheDav(tempDir());
      stops.push(() => server.stop());
      const texts = {
        'cloud.example.org/remote.php/dav/files': `127.0.0.1:${server.tlsPort}/basic`,
        "'secret'": `'${server.password}'`,
      };
      return { texts, env: { SSL_CERT_FILE: server.authority } };
    },
  ],
  [
    'imap',
    () => has('dovecot', 'openssl'),
    async () => {
      const server = await startDovecot(tempDir());
      stops.push(() => server.stop());
      const texts = {
        'me@mail.example.org': `${server.user}@127.0.0.1:${server.tlsPort}`,
        'the password of the mailbox': server.password,
      };
      return { texts, env: { SSL_CERT_FILE: server.authority } };
    },
  ],
  [
    's3',
    requireSwift,
    async () => {
      const server = await startSwift();
      stops.push(() => server[Symbol.asyncDispose]());
      await server.request('PUT', '/my-bucket');
      const keys = `AWS_ACCESS_KEY_ID=${server.s3['AWS_ACCESS_KEY_ID']} AWS_SECRET_ACCESS_KEY=${server.s3['AWS_SECRET_ACCESS_KEY']}`;
      const texts = { 'AWS_ACCESS_KEY_ID=AKIA... AWS_SECRET_ACCESS_KEY=...': keys, 'eu-central-1': 'us-east-1' };
      return { texts, args: ['--s3-endpoint-url', server.origin] };
    },
  ],
  [
    'swift',
    requireSwift,
    async () => {
      const server = await startSwift();
      stops.push(() => server[Symbol.asyncDispose]());
      const texts = {
        'https://keystone.example.org': server.origin,
        'NAME=me ': 'NAME=tester ',
        'PASSWORD=...': 'PASSWORD=testing',
        '=project': '=test',
        '=region': '=RegionOne',
      };
      return { texts };
    },
  ],
  [
    'azure',
    requireAzurite,
    async () => {
      const server = await startAzurite();
      stops.push(() => server[Symbol.asyncDispose]());
      const text = 'DefaultEndpointsProtocol=https;AccountName=me;AccountKey=...;EndpointSuffix=core.windows.net';
      return { texts: { [text]: server.connectionString } };
    },
  ],
  [
    'b2',
    requireB2,
    async () => {
      const server = await startB2(500_000);
      stops.push(() => server[Symbol.asyncDispose]());
      const texts = { 'K005...': server.key.key, '0051234567890ab0000000001': server.key.id };
      return { texts, env: { B2_API_URL: server.origin } };
    },
  ],
  [
    'dpbx',
    () => has('openssl'),
    async () => {
      const server = await startDropbox();
      stops.push(() => server[Symbol.asyncDispose]());
      const app = dropboxApp(server);
      const names = ['DPBX_APP_KEY', 'DPBX_APP_SECRET', 'DPBX_REFRESH_TOKEN'];
      const texts = Object.fromEntries(names.map((name) => [`${name}=...`, `${name}='${app[name] ?? ''}'`]));
      return { texts, env: dropboxAt(server.port), args: ['--ssl-cacert-file', server.authority] };
    },
  ],
];

describe('the example of a page works as it stands, with the names of the reader', () => {
  test.for(EXAMPLES)('%s', async ([page, isThere, prepare], { skip }) => {
    if (!isThere()) {
      skip('its server is not installed');
      return;
    }
    const { texts, env = {}, args = [] } = await prepare();
    const { source, dir } = scene();
    put(source, { 'a file': 'content', 'dir/other': 'x' });
    let script = /```sh\n([^]*?)```/.exec(readFileSync(`${pages}/${page}.md`, 'utf8'))?.[1] ?? '';
    for (const [text, own] of Object.entries({ ...texts, '/home/me ': `${source} `, '/tmp/back': `${dir}/back` })) {
      expect(script).toContain(text);
      script = script.replaceAll(text, own);
    }
    writeFileSync(`${dir}/example`, script);
    const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');
    const shell = `set -e\nduplicity() { ${quoted(await command())} "$@" ${quoted(args)}; }\n. ${dir}/example`;
    const around = { PASSPHRASE: 'x', ...env };
    const { status, stderr } = await run('sh', ['-c', shell], { env: around, timeoutMs: 120_000 });
    // rclone remarks that its configuration is new.
    expect([status, stderr.replace(/^.* NOTICE: Config file .*\n/gm, '')]).toEqual([0, '']);
    expect(treeOf(`${dir}/back`)).toEqual(treeOf(source));
  });
});

test.each(readdirSync(pages).filter((name) => !['differences.md', 'README.md'].includes(name)))(
  '%s names an example, credentials, least permissions and pitfalls',
  (name) => {
    const text = readFileSync(`${pages}/${name}`, 'utf8');
    for (const part of [
      /```sh\nd|```sh\n[^`]*\nduplicity /,
      /credentials|logging in/i,
      /permissions|rights/i,
      /pitfalls/i,
    ]) {
      expect(text).toMatch(part);
    }
  },
);

test('every test that the table of differences names is there', () => {
  const text = readFileSync(`${pages}/differences.md`, 'utf8');
  const cited = [...text.matchAll(/`((?:test|src)\/[\w./-]+\.ts)`(?:: ([^|;]+))?/g)];
  expect(cited.length).toBeGreaterThan(40);
  for (const [, file = '', titles] of cited) {
    expect([file, existsSync(`${root}/${file}`)]).toEqual([file, true]);
    const source = readFileSync(`${root}/${file}`, 'utf8');
    for (const title of titles?.split(', ') ?? []) expect(`${file}: ${source}`).toContain(title.trim());
  }
});
