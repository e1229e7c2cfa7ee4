import ssh2, { type Client, type SFTPWrapper } from 'ssh2';

import { BackendError } from '../../errors/errors.ts';
import type { OpenOptions } from '../open-options.ts';
import { sshFailure } from './failure.ts';
import { keyAlgorithms, readKnownKeys, trust } from './host-key.ts';
import type { Login } from './login.ts';
import { serverName, type SshTarget } from './config/target.ts';
import { watch, type Watchdog } from './watchdog.ts';
import { openWire, proxyFailure, type Wire } from './wire.ts';

export interface Connection {
  readonly client: Client;
  /** undefined where the server has no such subsystem. */
  readonly sftp: SFTPWrapper | undefined;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly gone: Promise<void>;
  isOpen(): boolean;
  /** Says goodbye; a server that does not answer is not waited for. */
  close(): void;
  /** Ends it at once: what is under way fails. */
  drop(): void;
}

/** For a goodbye, or to clean up after an operation that is given up: on a line that is alive it takes far less. */
export const GRACE_MS = 1_000;

type Asking = Pick<OpenOptions, 'ask' | 'warn'>;

/** Connects, checks the key of the server, logs in and asks for sftp. Every failure is a BackendError. */
export async function connectTo(
  target: SshTarget,
  { login, signal, ...asking }: Asking & { readonly login: Login; readonly signal: AbortSignal },
): Promise<Connection> {
  signal.throwIfAborted();
  const wire = await openWire(target, signal);
  const client = new ssh2.Client();
  let isOpen = true;
  let sftp: SFTPWrapper | undefined;
  let ends: ((error: unknown) => void) | undefined;
  const dog = watch(wire.traffic, {
    timeoutMs: target.timeoutMs,
    ping: () => sayHello(client, sftp),
    onDead() {
      ends?.(new Error(`the server has been silent for ${target.timeoutMs / 1000} s`));
      wire.close();
    },
  });
  const gone = new Promise<void>((resolve) => {
    client.once('close', () => {
      isOpen = false;
      dog.stop();
      wire.close();
      resolve();
    });
  });
  const onAbort = (): void => {
    ends?.(signal.reason);
    wire.close();
  };
  signal.addEventListener('abort', onAbort);
  try {
    await new Promise<void>((resolve, reject) => {
      ends = reject;
      logIn({ client, wire, target, login, dog, asking }, resolve, reject);
    });
    sftp = await openSftp(client);
  } catch (error) {
    dog.stop();
    client.destroy();
    wire.close();
    throw sshFailure(`connect to ${serverName(target)}`, error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  // `gone` tells each operation of the end; nobody else has to hear of it. Without its sftp a connection is of no use.
  client.on('error', () => {});
  sftp?.on('error', () => client.destroy());
  sftp?.on('close', () => client.end());
  function close(): void {
    if (!isOpen) return;
    const timer = setTimeout(() => wire.close(), GRACE_MS);
    void gone.then(() => clearTimeout(timer));
    client.end();
  }
  return { client, sftp, gone, isOpen: () => isOpen, close, drop: () => wire.close() };
}

interface Parts {
  readonly client: Client;
  readonly wire: Wire;
  readonly target: SshTarget;
  readonly login: Login;
  readonly dog: Watchdog;
  readonly asking: Asking;
}

function logIn(parts: Parts, resolve: () => void, reject: (error: unknown) => void): void {
  const { client, wire, target, login, dog, asking } = parts;
  let isCertain = true;
  let distrust: unknown;
  const ask: NonNullable<OpenOptions['ask']> = async (question) => {
    dog.pause();
    try {
      return await asking.ask?.(question);
    } finally {
      dog.resume();
    }
  };
  async function decide(key: Buffer, verify: (isTrusted: boolean) => void): Promise<void> {
    try {
      ({ isCertain } = await trust(key, target, { ...asking, ask }));
      verify(true);
    } catch (error) {
      distrust = error;
      reject(error);
      verify(false);
    }
  }
  async function failProxy(otherwise: string): Promise<void> {
    reject(proxyFailure(target, (await wire.said()) || otherwise));
  }
  client.once('ready', resolve);
  client.on('error', (error: Error & { readonly level?: string }) => {
    // An agent that cannot be reached or refuses to sign: there are other ways to log in.
    if (error.level === 'agent') return;
    if (distrust !== undefined) reject(distrust);
    else if (error.level === 'client-authentication') reject(notLoggedIn(target, login.tried()));
    else if (/no matching|handshake failed/i.test(error.message)) reject(noCommonMethod(target, error));
    else if (target.proxyCommand !== undefined) void failProxy(error.message);
    else reject(error);
  });
  client.once('close', () => {
    if (target.proxyCommand === undefined) reject(new Error('the server closed the connection'));
    else void failProxy('');
  });
  client.connect({
    sock: wire.stream,
    username: target.user,
    // The watchdog sees to both, and knows when a person is being asked.
    readyTimeout: 0,
    keepaliveInterval: 0,
    algorithms: {
      ...target.algorithms,
      serverHostKey: [...keyAlgorithms(readKnownKeys(target), target.algorithms)],
    },
    hostVerifier: (key: Buffer, verify: (isTrusted: boolean) => void) => {
      void decide(key, verify);
    },
    authHandler: login.handler(() => isCertain),
  });
}

function openSftp(client: Client): Promise<SFTPWrapper | undefined> {
  return new Promise((resolve, reject) => {
    client.once('close', () => reject(new Error('the server closed the connection')));
    client.sftp((error, sftp) => resolve(error === undefined ? sftp : undefined));
  });
}

/** Something that every server answers, be it by a refusal. */
function sayHello(client: Client, sftp: SFTPWrapper | undefined): void {
  try {
    if (sftp !== undefined) sftp.realpath('.', () => {});
    else client.exec('true', (_error, channel?: { close(): void }) => channel?.close());
  } catch {
    // Not connected yet, or no more.
  }
}

function notLoggedIn(target: SshTarget, tried: readonly string[]): BackendError {
  const ways = tried.length === 0 ? 'there was no key, agent or password to try' : `tried ${tried.join(', ')}`;
  return new BackendError('BACKEND_PERMISSION_DENIED', `${serverName(target)} refused the login: ${ways}.`, {
    retryable: false,
    hint: 'Check user, key and password; --ssh-askpass asks for a password, FTP_PASSWORD or the URL may hold it.',
  });
}

/** Words of ssh_config for what ssh2 finds nothing in common of, with what servers of old have. */
const OLD_METHODS: readonly (readonly [RegExp, string])[] = [
  [/key exchange/i, 'KexAlgorithms +diffie-hellman-group14-sha1'],
  [/host key/i, 'HostKeyAlgorithms +ssh-rsa,ssh-dss'],
  [/cipher/i, 'Ciphers +aes256-cbc,aes128-cbc'],
  [/\bmac\b/i, 'MACs +hmac-sha1,hmac-md5'],
];

function noCommonMethod(target: SshTarget, cause: Error): BackendError {
  const line = OLD_METHODS.find(([pattern]) => pattern.test(cause.message))?.[1];
  return new BackendError(
    'BACKEND_ERROR',
    `Cannot agree with ${serverName(target)} on a way to talk: ${cause.message}`,
    {
      retryable: false,
      cause,
      ...(line !== undefined && {
        hint: `Where the server is too old for anything better, allow it for this host in ~/.ssh/config: ${line}`,
      }),
    },
  );
}
