import { BlockList, isIP } from 'node:net';

import { UsageError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import { variable, type Environment } from '../environment.ts';

/** An HTTP proxy that makes tunnels (CONNECT). */
export interface HttpProxy {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: Secret;
}

const DEFAULT_PORT = 80;

/**
 * The proxy for requests to `url`: of `https_proxy` or `http_proxy` by its scheme, else of `all_proxy`; names in small
 * letters first. undefined: none, or `no_proxy` names the host (by name, ending of a name, address, network or `*`).
 * Source: the environment as Python's requests and botocore read it, which the reference's libraries are built on.
 */
export function proxyFor(url: string, env: Environment): HttpProxy | undefined {
  const { protocol, hostname, port } = new URL(url);
  const either = (name: string): string | undefined => variable(env, name) ?? variable(env, name.toUpperCase());
  const text = either(`${protocol.replace(':', '')}_proxy`) ?? either('all_proxy');
  if (text === undefined) return undefined;
  const host = hostname.replace(/^\[|\]$/g, '');
  const exceptions = (either('no_proxy') ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  return exceptions.some((entry) => covers(entry, host, port)) ? undefined : parseProxy(text);
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [, address = '', bits] = /^\[?([^\]/]*)\]?(?:\/(\d+))?$/.exec(entry) ?? [];
  const version = isIP(address);
  if (version > 0 && isIP(host) === version) {
    const family = version === 4 ? 'ipv4' : 'ipv6';
    const most = version === 4 ? 32 : 128;
    const network = new BlockList();
    network.addSubnet(address, Math.min(Number(bits ?? most), most), family);
    return network.check(host, family);
  }
  const name = entry.toLowerCase().replace(/^\*?\./, '');
  return [host, `${host}:${port}`].some((whole) => whole === name || whole.endsWith(`.${name}`));
}

function parseProxy(text: string): HttpProxy {
  const whole = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url === undefined || url.protocol !== 'http:' || url.hostname === '') {
    throw new UsageError('USER_ERROR', 'The proxy that the environment names is no HTTP proxy.', {
      exception: 'BackendException',
      hint: 'Write http_proxy and https_proxy as http://host:port, or name the server in no_proxy.',
    });
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || DEFAULT_PORT,
    ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: new Secret(decodeURIComponent(url.password)) }),
  };
}
