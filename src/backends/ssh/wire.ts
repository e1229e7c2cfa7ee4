import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';

import { BackendError } from '../../errors/errors.ts';
import { errorCode } from '../../util/errno.ts';
import { sshFailure } from './failure.ts';
import { serverName, type SshTarget } from './config/target.ts';
import { until } from './until.ts';
import type { Traffic } from './watchdog.ts';
import { withoutOurSecrets } from '../../util/secret-names.ts';

/** The bytes between us and the server. */
export interface Wire {
  readonly stream: Duplex;
  readonly traffic: Traffic;
  /** What the proxy command wrote to stderr, once it has ended or is silent for long: its last word comes late. */
  said(): Promise<string>;
  close(): void;
}

/** Enough for the reason of a failure. */
const MOST_SAID = 4096;

const LAST_WORD_MS = 1_000;

export function openWire(target: SshTarget, signal: AbortSignal): Promise<Wire> {
  return target.proxyCommand === undefined
    ? openSocket(target, signal)
    : openProxy(target, target.proxyCommand, signal);
}

function openSocket(target: SshTarget, signal: AbortSignal): Promise<Wire> {
  const { host, port, connectMs, family, bindAddress } = target;
  const task = `connect to ${serverName(target)}`;
  return new Promise((resolve, reject) => {
    // Small packets go at once: with Nagle's algorithm a 64 MB upload takes 32 s instead of 0.8 s.
    const socket = connect({
      host,
      port,
      family,
      ...(bindAddress !== undefined && { localAddress: bindAddress }),
    }).setNoDelay(true);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onError = (error: Error): void => fail(sshFailure(task, error));
    const onAbort = (): void => fail(signal.reason);
    const timer = setTimeout(
      () => fail(sshFailure(task, new Error(`no answer within ${connectMs / 1000} s`))),
      connectMs,
    );
    signal.addEventListener('abort', onAbort);
    socket.on('error', onError).once('connect', () => {
      settle();
      resolve({
        stream: socket,
        traffic: { received: () => socket.bytesRead, waiting: () => socket.writableLength },
        said: () => Promise.resolve(''),
        close: () => socket.destroy(),
      });
    });
  });
}

function openProxy(target: SshTarget, command: string, signal: AbortSignal): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
      env: withoutOurSecrets(target.env ?? process.env),
    });
    let said = '';
    let received = 0;
    let lastWord: Promise<void> | undefined;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-MOST_SAID)));
    child.once('error', (error) => {
      if (errorCode(error) !== 'ABORT_ERR') reject(sshFailure(`run the proxy command ${command}`, error));
    });
    child.once('spawn', () => {
      const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
      stream.on('data', (block: Buffer) => (received += block.length)).pause();
      resolve({
        stream,
        traffic: { received: () => received, waiting: () => child.stdin.writableLength },
        async said() {
          lastWord ??= until(once(child.stderr, 'close'), AbortSignal.timeout(LAST_WORD_MS)).then(nothing, nothing);
          if (!child.stderr.closed) await lastWord;
          return said.trim();
        },
        close() {
          stream.destroy();
          // Whoever is waited for may finish.
          if (lastWord === undefined || child.stderr.closed) child.kill();
          else void lastWord.then(() => child.kill());
        },
      });
    });
  });
}

function nothing(): void {
  // It has come, or will not.
}

/** Why a proxy command gave no connection. */
export function proxyFailure(target: SshTarget, said: string): BackendError {
  const isMissing = /\bnot found\b/.test(said) && /\bssh\b/.test(said);
  const last = said.split('\n').findLast((line) => line.trim() !== '') ?? 'it ended without a word';
  const code = isMissing ? 'BACKEND_COMMAND_ERROR' : 'BACKEND_ERROR';
  return new BackendError(code, `Cannot reach ${serverName(target)} by the proxy command: ${last.trim()}`, {
    retryable: !isMissing,
    ...(isMissing && { hint: 'Install ssh, on Debian and Ubuntu the package openssh-client.' }),
  });
}
