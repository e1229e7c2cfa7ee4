import { Agent as HttpAgent, request, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

import { variable } from '../environment.ts';
import { proxyFor, type HttpProxy } from './proxy.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { tlsOptions } from '../tls.ts';

/** Keep connections open between requests, until they are destroyed. */
export interface HttpAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

type Connected = (error: Error | null, socket?: Duplex) => void;
interface Target extends ConnectionOptions {
  readonly host?: string;
  readonly port?: number;
}

/** Variables of the reference's HTTP libraries for a file of authorities to trust. */
const BUNDLES = ['AWS_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'];

/**
 * Agents for the servers of an object store: they trust what the options and the system name (`tlsOptions`), go through
 * the proxy of the environment, by a tunnel also where the target speaks plain HTTP, and give a connection up (ETIMEDOUT)
 * that is silent for `--timeout`.
 */
export function httpAgents(options: Pick<OpenOptions, 'env' | 'settings' | 'signal'>): HttpAgents {
  const { env = {} } = options;
  const bundle = BUNDLES.flatMap((name) => variable(env, name) ?? []).slice(0, 1);
  let trust: ConnectionOptions | undefined;
  // Not before it is needed: to read the system's authorities takes time.
  const tls = (): ConnectionOptions => (trust ??= trustOf(options, bundle));
  const timeout = timeoutMs(options);
  const http = new HttpAgent({ keepAlive: true, timeout });
  const https = new HttpsAgent({ keepAlive: true, timeout });
  const direct = { http: http.createConnection.bind(http), https: https.createConnection.bind(https) };

  const through =
    (scheme: 'http' | 'https') =>
    (target: Target, done: Connected): Duplex | null | undefined => {
      const { host = 'localhost', port = scheme === 'https' ? 443 : 80 } = target;
      const name = host.includes(':') ? `[${host}]` : host;
      let proxy: HttpProxy | undefined;
      try {
        proxy = proxyFor(`${scheme}://${name}:${port}`, env);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
        return undefined;
      }
      const secured = scheme === 'https' ? { ...target, ...tls() } : target;
      if (proxy === undefined) return watched(direct[scheme](secured, done));
      const limits = { timeout, signal: options.signal };
      tunnel(proxy, `${name}:${port}`, limits, (error, socket) => {
        if (error !== null || socket === undefined) done(error);
        else done(null, watched(scheme === 'http' ? socket : connectTls({ ...secured, socket })));
      });
      return undefined;
    };
  Object.assign(http, { createConnection: through('http') });
  Object.assign(https, { createConnection: through('https') });
  return { http, https };
}

/** The agent counts the time; nobody but the owner of a request would end it. */
function watched<T extends Duplex | null | undefined>(socket: T): T {
  socket?.on('timeout', () => socket.destroy(noAnswer()));
  return socket;
}

function noAnswer(): Error {
  return Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
}

/** Without the name of a server, which each connection has. */
function trustOf(
  options: Pick<OpenOptions, 'env' | 'settings' | 'signal'>,
  bundle: readonly string[],
): ConnectionOptions {
  const { secureContext, rejectUnauthorized } = tlsOptions('', options, bundle);
  return { secureContext, rejectUnauthorized };
}

interface Limits {
  /** Milliseconds; 0: none. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** A connection to `place` (`host:port`) that the proxy makes. */
function tunnel(
  proxy: HttpProxy,
  place: string,
  { timeout, signal }: Limits,
  done: (error: Error | null, socket?: Socket) => void,
): void {
  const { host, port, user, password } = proxy;
  const secret = Buffer.from(`${user ?? ''}:${password?.reveal() ?? ''}`).toString('base64');
  const asked = request({
    host,
    port,
    method: 'CONNECT',
    path: place,
    agent: false,
    signal,
    headers: { Host: place, ...(user === undefined ? {} : { 'Proxy-Authorization': `Basic ${secret}` }) },
  });
  asked.once('connect', (answer: IncomingMessage, socket: Socket) => {
    if (answer.statusCode === 200) {
      socket.removeAllListeners('timeout').setTimeout(timeout);
      done(null, socket);
      return;
    }
    socket.destroy();
    done(refused(`${host}:${port}`, place, answer.statusCode ?? 0));
  });
  asked.once('error', done);
  asked.setTimeout(timeout, () => asked.destroy(noAnswer()));
  asked.end();
}

function refused(proxy: string, place: string, status: number): Error {
  const reason = status === 407 ? 'it wants user and password' : `status ${status}`;
  return Object.assign(new Error(`the proxy ${proxy} does not connect to ${place}: ${reason}`), { code: 'EPROXY' });
}
