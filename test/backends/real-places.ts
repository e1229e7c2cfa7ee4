import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import type { OpenOptions } from '../../src/backends/open-options.ts';
import { startApacheDav } from '../servers/apache-dav.ts';
import { connectionString, requireAzurite, startAzurite } from '../servers/azurite.ts';
import { requireB2, startB2 } from '../servers/b2.ts';
import { startDovecot } from '../servers/dovecot.ts';
import { dropboxApp, dropboxAt, startDropbox } from '../servers/dropbox.ts';
import { startProftpd } from '../servers/proftpd.ts';
import { startRsyncd } from '../servers/rsyncd.ts';
import { startSshd } from '../servers/sshd.ts';
import { requireSwift, startSwift } from '../servers/swift.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

type Env = Readonly<Record<string, string>>;

/** A place that does not exist yet, and what the program needs to get there. */
export interface RealPlace {
  readonly url: string;
  readonly args?: readonly string[];
  readonly env?: Env;
  /** The same for a driver that a test opens itself. */
  readonly settings?: NonNullable<OpenOptions['settings']>;
}

/** A running server, or none. */
interface Ground {
  /** Where it listens; undefined: nowhere. */
  readonly port?: number;
  /** A new place of this kind, by way of another port where one is given. */
  place(kind: string, port?: number): RealPlace;
  stop(): PromiseLike<unknown>;
}

interface GroundKind {
  readonly server: string;
  readonly isThere: () => boolean;
  readonly kinds: readonly string[];
  start(): Promise<Ground>;
}

let count = 0;
const fresh = (): string => `new${++count}/place`;

/** Every driver on its real server, in every way that it may be spoken to. */
export const GROUNDS: readonly GroundKind[] = [
  {
    server: 'nothing',
    isThere: () => true,
    kinds: ['file', 'multi, stripe', 'multi, mirror'],
    start: async () => ({
      place(kind) {
        if (kind === 'file') return { url: `file://${tempDir()}/${fresh()}` };
        const file = `${tempDir()}/stores.json`;
        writeFileSync(file, JSON.stringify([{ url: `file://${tempDir()}/one` }, { url: `file://${tempDir()}/two` }]));
        return { url: `multi://${file}?mode=${kind.slice('multi, '.length)}` };
      },
      stop: async () => undefined,
    }),
  },
  {
    server: 'OpenSSH',
    isThere: () => requireTool('sshd') && requireTool('ssh') && requireTool('rsync'),
    kinds: ['sftp', 'scp', 'rsync'],
    async start() {
      const server = await startSshd(tempDir());
      return {
        port: server.port,
        place(scheme, port = server.port) {
          const known = `${tempDir()}/known_hosts`;
          writeFileSync(known, readFileSync(server.knownHosts, 'utf8').replaceAll(`:${server.port}`, `:${port}`));
          const sshOptions = `-oIdentityFile=${server.key} -oUserKnownHostsFile=${known}`;
          const url = `${scheme}://127.0.0.1:${port}/${fresh()}`;
          return { url, args: ['--ssh-options', sshOptions], settings: { sshOptions } };
        },
        stop: () => server.stop(),
      };
    },
  },
  {
    server: 'rsync --daemon',
    isThere: () => requireTool('rsync'),
    kinds: ['rsync::'],
    async start() {
      const server = await startRsyncd(tempDir());
      return {
        port: server.port,
        place: (_kind, port = server.port) => ({ url: `rsync://127.0.0.1:${port}::open/${fresh()}` }),
        stop: () => server.stop(),
      };
    },
  },
  {
    server: 'ProFTPD',
    isThere: () => requireTool('proftpd') && requireTool('openssl'),
    kinds: ['ftp', 'ncftp+ftp', 'ftpes'],
    async start() {
      const server = await startProftpd(tempDir());
      const trust = { sslCacertFile: server.authority };
      return {
        port: server.ports.plain,
        place(kind, port = server.ports.plain) {
          const url = server.url(kind === 'ftpes' ? 'ftpes' : 'ftp', fresh(), port);
          const args = ['--ssl-cacert-file', server.authority];
          return { url: kind.startsWith('ncftp') ? `ncftp+${url}` : url, args, settings: trust };
        },
        stop: () => server.stop(),
      };
    },
  },
  {
    server: 'Apache',
    isThere: () => requireTool('apache2') && requireTool('openssl'),
    kinds: ['webdav, Basic', 'webdav, Digest at a port of its own', 'webdav, redirected'],
    async start() {
      const server = await startApacheDav(tempDir());
      return {
        port: server.port,
        place(kind, port = server.port) {
          const directory = kind.includes('Digest') ? 'digest' : kind.includes('redirected') ? 'moved' : 'basic';
          return { url: server.url('webdav', `${directory}/${fresh()}`).replace(`:${server.port}/`, `:${port}/`) };
        },
        stop: () => server.stop(),
      };
    },
  },
  {
    server: 'Swift',
    isThere: requireSwift,
    kinds: ['s3', 'swift, authentication 1', 'swift, authentication 2', 'swift, authentication 3'],
    async start() {
      const server = await startSwift();
      await server.request('PUT', '/bucket');
      const logins: Readonly<Record<string, Env>> = { '1': server.v1, '2': server.v2, '3': server.v3 };
      return {
        port: server.port,
        place(kind, port = server.port) {
          const origin = `http://127.0.0.1:${port}`;
          if (kind === 's3') {
            const args = ['--s3-endpoint-url', origin];
            return { url: `s3://bucket/${fresh()}`, args, env: server.s3, settings: { s3EndpointUrl: origin } };
          }
          const { SWIFT_AUTHURL = '', ...login } = logins[kind.slice(-1)] ?? {};
          const env = { ...login, SWIFT_AUTHURL: SWIFT_AUTHURL.replace(server.origin, origin) };
          return { url: `swift://container${++count}/${fresh()}`, env };
        },
        stop: () => server[Symbol.asyncDispose](),
      };
    },
  },
  {
    server: 'Azurite',
    isThere: requireAzurite,
    kinds: ['azure'],
    async start() {
      const server = await startAzurite();
      const own = Number(new URL(server.origin).port);
      return {
        port: own,
        place: (_kind, port = own) => ({
          url: `azure://container${++count}`,
          env: { AZURE_CONNECTION_STRING: connectionString(`http://127.0.0.1:${port}`) },
        }),
        stop: () => server[Symbol.asyncDispose](),
      };
    },
  },
  {
    server: "Backblaze's simulator",
    isThere: requireB2,
    kinds: ['b2'],
    async start() {
      const server = await startB2(500_000);
      return {
        port: server.port,
        place: (_kind, port = server.port) => ({
          url: `b2://${server.key.id}@bucket${++count}/${fresh()}`,
          env: { ...server.env, B2_API_URL: `http://127.0.0.1:${port}` },
        }),
        stop: () => server[Symbol.asyncDispose](),
      };
    },
  },
  {
    server: 'the API of Dropbox',
    isThere: () => requireTool('openssl'),
    kinds: ['dpbx'],
    async start() {
      const server = await startDropbox();
      return {
        port: server.port,
        place: (_kind, port = server.port) => ({
          url: `dpbx:///${fresh()}`,
          args: ['--ssl-cacert-file', server.authority],
          env: { ...dropboxApp(server), ...dropboxAt(port) },
          settings: { sslCacertFile: server.authority },
        }),
        stop: () => server[Symbol.asyncDispose](),
      };
    },
  },
  {
    server: 'Dovecot',
    isThere: () => requireTool('dovecot') && requireTool('openssl'),
    kinds: ['imap'],
    async start() {
      const server = await startDovecot(tempDir());
      return {
        port: server.port,
        place: (_kind, port = server.port) => ({
          url: server.url('imap', fresh()).replace(`:${server.port}/`, `:${port}/`),
          args: ['--ssl-cacert-file', server.authority],
          env: { IMAP_PASSWORD: server.password },
          settings: { sslCacertFile: server.authority },
        }),
        stop: () => server.stop(),
      };
    },
  },
  {
    server: 'rclone',
    isThere: () => requireTool('rclone'),
    kinds: ['rclone'],
    async start() {
      const dir = tempDir();
      mkdirSync(`${dir}/data`);
      writeFileSync(`${dir}/rclone.conf`, `[store]\ntype = alias\nremote = ${dir}/data\n`);
      return {
        place: () => ({ url: `rclone://store:/${fresh()}`, env: { RCLONE_CONFIG: `${dir}/rclone.conf` } }),
        stop: async () => undefined,
      };
    },
  },
  {
    server: 'par2',
    isThere: () => requireTool('par2'),
    kinds: ['par2+file'],
    start: async () => ({
      place: () => ({ url: `par2+file://${tempDir()}/${fresh()}`, args: ['--par2-options', '-b10'] }),
      stop: async () => undefined,
    }),
  },
];
