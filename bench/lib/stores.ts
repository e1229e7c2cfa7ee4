// The servers that bench/backends.ts stores on, and how both programs are told of them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { startApacheDav } from '../../test/servers/apache-dav.ts';
import { startAzurite } from '../../test/servers/azurite.ts';
import { startDovecot } from '../../test/servers/dovecot.ts';
import { startProftpd } from '../../test/servers/proftpd.ts';
import { RSYNC_PASSWORD, startRsyncd } from '../../test/servers/rsyncd.ts';
import { startSshd } from '../../test/servers/sshd.ts';
import { startSwift } from '../../test/servers/swift.ts';

/** A server that runs, with a place for each program. */
export interface Store {
  readonly url: (place: string) => string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly stop: () => Promise<void>;
}

export interface Scheme {
  readonly name: string;
  readonly server: string;
  /** Programs without which it is left out. */
  readonly needs: readonly string[];
  /** The reference cannot use it on a usual installation. */
  readonly isAlone?: true;
  readonly start: (dir: string, home: string, places: readonly string[]) => Promise<Store>;
}

export const SCHEMES: readonly Scheme[] = [
  { name: 'file', server: 'none', needs: [], start: async (dir) => ({ url: (at) => `file://${dir}/${at}`, stop }) },
  ...['sftp', 'scp', 'rsync'].map((scheme) => ({
    name: scheme === 'rsync' ? 'rsync over ssh' : scheme,
    server: 'OpenSSH',
    needs: ['sshd', ...(scheme === 'rsync' ? ['rsync'] : [])],
    start: (dir: string, home: string, places: readonly string[]) => sshStore(scheme, dir, home, places),
  })),
  { name: 'rsync', server: 'rsync', needs: ['rsync'], start: rsyncStore },
  ...(['ftp', 'ftpes'] as const).map((scheme) => ({
    name: scheme,
    server: 'ProFTPD',
    needs: ['proftpd', 'lftp'],
    start: async (dir: string, _home: string, places: readonly string[]): Promise<Store> => {
      const server = await startProftpd(dir);
      // ProFTPD shows a new directory to lftp too late for the reference.
      for (const place of places) mkdirSync(`${server.home}/${place}`);
      const args = scheme === 'ftp' ? [] : [`--ssl-cacert-file=${server.authority}`];
      return { url: (at) => server.url(scheme, at), args, stop: () => server.stop() };
    },
  })),
  ...(['webdav', 'webdavs'] as const).map((scheme) => ({
    name: scheme,
    server: 'Apache',
    needs: ['apache2'],
    start: async (dir: string): Promise<Store> => {
      const server = await startApacheDav(dir);
      const args = scheme === 'webdav' ? [] : [`--ssl-cacert-file=${server.authority}`];
      return { url: (at) => server.url(scheme, `basic/${at}`), args, stop: () => server.stop() };
    },
  })),
  { name: 'boto3+s3', server: 'Swift', needs: ['swift-proxy-server'], start: s3Store },
  { name: 'swift', server: 'Swift', needs: ['swift-proxy-server'], start: swiftStore },
  { name: 'azure', server: 'Azurite', needs: [], isAlone: true, start: azureStore },
  ...(['imap', 'imaps'] as const).map((scheme) => ({
    name: scheme,
    server: 'Dovecot',
    needs: ['dovecot'],
    start: (dir: string) => imapStore(scheme, dir),
  })),
  { name: 'rclone', server: 'local disk', needs: ['rclone'], start: rcloneStore },
];

async function stop(): Promise<void> {
  // Nothing runs.
}

async function sshStore(scheme: string, dir: string, home: string, places: readonly string[]): Promise<Store> {
  const server = await startSshd(dir);
  // The reference looks for the keys of servers there and nowhere else.
  mkdirSync(`${home}/.ssh`, { recursive: true, mode: 0o700 });
  writeFileSync(`${home}/.ssh/known_hosts`, readFileSync(server.knownHosts));
  for (const place of places) mkdirSync(`${server.home}/${place}`);
  return {
    url: (at) => `${scheme}://${server.user}@127.0.0.1:${server.port}/${at}`,
    args: [`--ssh-options=${server.options}`],
    stop: () => server.stop(),
  };
}

async function rsyncStore(dir: string, _home: string, places: readonly string[]): Promise<Store> {
  const server = await startRsyncd(dir);
  for (const place of places) mkdirSync(`${server.data.secret}/${place}`);
  return {
    url: (at) => `rsync://dup@127.0.0.1:${server.port}::secret/${at}`,
    env: { RSYNC_PASSWORD },
    stop: () => server.stop(),
  };
}

async function s3Store(): Promise<Store> {
  const server = await startSwift();
  await server.request('PUT', '/bench');
  return {
    url: (at) => `boto3+s3:///bench/${at}`,
    env: server.s3,
    args: ['--s3-endpoint-url', server.origin, '--s3-region-name', 'us-east-1'],
    stop: async () => server[Symbol.asyncDispose](),
  };
}

async function swiftStore(): Promise<Store> {
  const server = await startSwift();
  return { url: (at) => `swift://bench/${at}`, env: server.v3, stop: async () => server[Symbol.asyncDispose]() };
}

async function azureStore(): Promise<Store> {
  const server = await startAzurite();
  return {
    url: (at) => `azure://bench-${at}`,
    env: { AZURE_CONNECTION_STRING: server.connectionString },
    stop: async () => server[Symbol.asyncDispose](),
  };
}

/** The reference knows the usual ports only; this leads it to those of the server. */
const OTHER_PORTS = `import imaplib, os
for kind in (imaplib.IMAP4, imaplib.IMAP4_SSL):
    def wrapped(self, host='', port=0, *rest, start=kind.__init__, **more):
        start(self, host, int(os.environ['BENCH_PORT_%d' % port]) if port in (143, 993) else port, *rest, **more)
    kind.__init__ = wrapped
`;

async function imapStore(scheme: 'imap' | 'imaps', dir: string): Promise<Store> {
  const server = await startDovecot(dir);
  mkdirSync(`${dir}/python`);
  writeFileSync(`${dir}/python/sitecustomize.py`, OTHER_PORTS);
  return {
    url: (at) => server.url(scheme, at),
    env: {
      IMAP_PASSWORD: server.password,
      PYTHONPATH: `${dir}/python`,
      BENCH_PORT_143: String(server.port),
      BENCH_PORT_993: String(server.tlsPort),
    },
    args: [`--ssl-cacert-file=${server.authority}`],
    stop: () => server.stop(),
  };
}

async function rcloneStore(dir: string): Promise<Store> {
  mkdirSync(`${dir}/data`);
  writeFileSync(`${dir}/rclone.conf`, `[store]\ntype = alias\nremote = ${dir}/data\n`);
  return { url: (at) => `rclone://store:/${at}`, env: { RCLONE_CONFIG: `${dir}/rclone.conf` }, stop };
}
