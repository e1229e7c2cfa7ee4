import { join } from 'node:path';

import { UsageError } from '../../errors/errors.ts';
import { homeDirectory, userName } from '../../util/account.ts';
import type { Secret } from '../../util/secret.ts';
import type { Environment } from '../environment.ts';
import { urlPassword } from '../password.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import type { BackendUrl } from '../url.ts';
import { configFor } from './config-file.ts';
import { parseSshOptions } from './ssh-options.ts';
import { shellQuote } from './words.ts';

/** A day: no limit. */
const NO_TIMEOUT_MS = 86_400_000;
/** In the order in which ssh(1) tries them. */
const DEFAULT_KEYS = ['id_rsa', 'id_ecdsa', 'id_ed25519'];

export type Strictness = 'yes' | 'ask' | 'accept-new' | 'no';

/** A server, how to reach it and how to log in. */
export interface SshTarget {
  /** Where to connect to. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The name under which known_hosts has the server. */
  readonly knownAs: string;
  readonly knownHosts: { readonly user: readonly string[]; readonly global: readonly string[] };
  readonly strictness: Strictness;
  /** Named by option or configuration; they are tried before the agent. */
  readonly identityFiles: readonly string[];
  readonly defaultKeys: readonly string[];
  /** Offer of the agent's keys only those named. */
  readonly identitiesOnly: boolean;
  readonly agent: string | undefined;
  /** A shell command whose input and output are the connection. */
  readonly proxyCommand: string | undefined;
  /** Of that command. */
  readonly env: Environment | undefined;
  readonly password: Secret | undefined;
  /** Passwords and passphrases may be asked for; needs a terminal. */
  readonly mayAsk: boolean;
  readonly timeoutMs: number;
}

/** The URL before `--ssh-options` before the configuration files. Warns of options that are not heeded. */
export function sshTarget(url: BackendUrl, options: OpenOptions): SshTarget {
  const { env = {}, settings = {}, warn = () => {} } = options;
  const home = homeDirectory(env) ?? '/';
  const given = parseSshOptions(settings.sshOptions ?? '');
  for (const word of given.ignored) warn(`${word} in --ssh-options is not supported and is ignored.`);
  const name = url.host ?? '';
  const config = configFor(name, home, given.configFile);
  const values = (keyword: string): readonly string[] => given.keywords.get(keyword) ?? config.get(keyword) ?? [];
  const first = (keyword: string): string | undefined => values(keyword)[0];

  const user = url.user ?? first('user') ?? userName(env) ?? nameless(url.scheme, name);
  const port = url.port ?? portOf(first('port') ?? '22');
  const host = (first('hostname') ?? name).replaceAll('%h', name);
  const tokens: Readonly<Record<string, string>> = {
    '%%': '%',
    '%d': home,
    '%h': host,
    '%n': name,
    '%p': String(port),
    '%r': user,
    get '%u'() {
      return userName(env) ?? nameless(url.scheme, name);
    },
  };
  const expand = (text: string): string => text.replace(/%./g, (token) => tokens[token] ?? token);
  const path = (text: string): string => expand(text.replace(/^~(?=\/)/, home));
  const files = (keyword: string, fallback: readonly string[]): string[] => {
    const named = values(keyword).filter((file) => file !== 'none');
    return (values(keyword).length > 0 ? named : fallback).map(path);
  };

  const agent = first('identityagent') ?? 'SSH_AUTH_SOCK';
  const own = join(home, '.ssh');
  const keys = [...(given.keywords.get('identityfile') ?? []), ...(config.get('identityfile') ?? [])];
  const proxyCommand = first('proxycommand') ?? jumpCommand(first('proxyjump'), given.configFile);
  const isBatch = first('batchmode') === 'yes';
  return {
    host,
    port,
    user,
    knownAs: first('hostkeyalias') ?? host,
    knownHosts: {
      user: files('userknownhostsfile', [join(own, 'known_hosts'), join(own, 'known_hosts2')]),
      global: files('globalknownhostsfile', ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
    },
    strictness: strictnessOf(first('stricthostkeychecking')),
    identityFiles: keys.map(path),
    defaultKeys: keys.length > 0 ? [] : DEFAULT_KEYS.map((key) => join(own, key)),
    identitiesOnly: first('identitiesonly') === 'yes',
    agent: agent === 'none' ? undefined : agent === 'SSH_AUTH_SOCK' ? env[agent] || undefined : path(agent),
    proxyCommand: proxyCommand === undefined || proxyCommand === 'none' ? undefined : expand(proxyCommand),
    env: options.env,
    password: urlPassword(url, env),
    mayAsk: settings.sshAskpass === true && !isBatch,
    timeoutMs: timeoutMs(options) || NO_TIMEOUT_MS,
  };
}

/** As in messages: `user@host`, with the port where it is not the usual one. */
export function serverName({ user, host, port }: SshTarget): string {
  return `${user}@${host}${port === 22 ? '' : `:${port}`}`;
}

function nameless(scheme: string, host: string): never {
  throw new UsageError(
    'USER_ERROR',
    `No user name for ${host} is known: this user has no entry in the password file.`,
    {
      hint: `Name one in the URL (${scheme}://USER@${host}/...), or set LOGNAME.`,
    },
  );
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError('USER_ERROR', `'${text}' is no port for ssh.`);
}

function strictnessOf(text: string | undefined): Strictness {
  if (text === undefined) return 'ask';
  const word = text.toLowerCase();
  if (word === 'yes' || word === 'accept-new' || word === 'no') return word;
  return word === 'off' ? 'no' : 'ask';
}

/** The jump is left to the ssh program, which goes by the same files for the hosts on the way. */
function jumpCommand(jump: string | undefined, configFile: string | undefined): string | undefined {
  if (jump === undefined || jump === 'none') return undefined;
  const hops = jump.split(',');
  const last = (hops.pop() ?? '').replace(/^ssh:\/\//, '');
  const match = /^(?:(.*)@)?(\[[^\]]*\]|[^:]*|[^[]*:[^:]*:.*)(?::(\d+))?$/.exec(last);
  const words = ['ssh', '-oBatchMode=yes'];
  if (configFile !== undefined) words.push('-F', configFile);
  if (hops.length > 0) words.push('-J', hops.join(','));
  if (match?.[1] !== undefined) words.push('-l', match[1]);
  if (match?.[3] !== undefined) words.push('-p', match[3]);
  const host = (match?.[2] ?? last).replace(/^\[(.*)\]$/, '$1');
  return `${words.map((word) => shellQuote(word).replaceAll('%', '%%')).join(' ')} -W '[%h]:%p' -- ${shellQuote(host)}`;
}
