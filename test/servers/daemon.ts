import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server process on loopback. */
export interface Daemon {
  readonly pid: number;
  /** Ends the process and waits until it has gone. */
  stop(): Promise<void>;
}

const POLL_MS = 20;
/** On a machine that is busy with other tests. */
const START_MS = 30_000;

/**
 * Starts a server that stays in the foreground; ready when all `ports` take connections. Its output is in `dir`/log.
 * It is ended by its pid, at the latest with this process.
 */
export async function startDaemon(
  dir: string,
  words: readonly [string, ...string[]],
  ports: readonly number[],
  env: NodeJS.ProcessEnv = {},
): Promise<Daemon> {
  const [command, ...args] = words;
  const log = openSync(`${dir}/log`, 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log], env: { PATH: process.env['PATH'], ...env } });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  const ended = once(child, 'exit');
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  const deadline = Date.now() + START_MS;
  for (const port of ports) {
    while (!(await isOpen(port))) {
      if (child.exitCode === null && child.signalCode === null && Date.now() < deadline) await sleep(POLL_MS);
      else throw new Error(`${command} does not listen:\n${readFileSync(`${dir}/log`, 'utf8')}`);
    }
  }
  return {
    pid,
    async stop() {
      process.off('exit', kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = AbortSignal.timeout(5_000);
      late.addEventListener('abort', () => child.kill('SIGKILL'));
      await ended;
    },
  };
}

/** Ports of loopback that nobody uses now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, 'close');
    }),
  );
  return ports;
}

/** So many ports in a row that nobody uses now. */
export async function consecutivePorts(count: number): Promise<number[]> {
  for (;;) {
    const [free = 0] = await freePorts(1);
    const first = Math.min(free, 65_536 - count);
    const ports = Array.from({ length: count }, (_, i) => first + i);
    const inUse = await Promise.all(ports.map(isOpen));
    if (!inUse.includes(true)) return ports;
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Files of a certificate for 127.0.0.1 and localhost, and of the authority that signed it. */
export interface Certificate {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export function makeCertificate(dir: string): Certificate {
  const files = { authority: `${dir}/ca.pem`, certificate: `${dir}/cert.pem`, key: `${dir}/key.pem` };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
  openssl([
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=test authority',
    '-keyout',
    `${dir}/ca.key`,
    '-out',
    files.authority,
  ]);
  openssl(['req', ...newKey, '-subj', '/CN=localhost', '-keyout', files.key, '-out', `${dir}/request`]);
  writeFileSync(`${dir}/extensions`, 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  const signer = [
    '-CA',
    files.authority,
    '-CAkey',
    `${dir}/ca.key`,
    '-CAcreateserial',
    '-extfile',
    `${dir}/extensions`,
  ];
  openssl(['x509', '-req', '-in', `${dir}/request`, '-days', '30', ...signer, '-out', files.certificate]);
  chmodSync(files.key, 0o600);
  return files;
}

/** What `openssl` prints. */
export function openssl(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0] ?? ''}: ${stderr}`);
  return stdout.trim();
}
