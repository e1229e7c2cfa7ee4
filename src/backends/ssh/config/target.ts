import { join } from 'node:path';

import { UsageError } from '../../../errors/errors.ts';
import { homeDirectory, userName } from '../../../util/account.ts';
import type { Secret } from '../../../util/secret.ts';
import type { Environment } from '../../environment.ts';
import { urlPassword } from '../../password.ts';
import { timeoutMs, type OpenOptions } from '../../open-options.ts';
import type { BackendUrl } from '../../url/url.ts';
import type { Algorithms } from 'ssh2';

import { algorithmsOf } from './algorithms.ts';
import { askSsh } from './ask-ssh.ts';
import { configFor } from './config-file.ts';
import { valuesOf } from './ssh-answer.ts';
import { parseSshOptions, type SshOptions } from './ssh-options.ts';
import { expandFile, expandTokens, type Meanings } from './tokens.ts';
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
  /** Certificates for keys, beside those in `KEY-cert.pub`. */
  readonly certificates: readonly string[];
  /** Whether keys of the type may be offered. */
  mayOffer(type: string): boolean;
  /** Methods that are asked for; those of other kinds are the usual ones. */
  readonly algorithms: Algorithms;
  /** 0: any. */
  readonly family: 0 | 4 | 6;
  readonly bindAddress: string | undefined;
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
  /** For the first answer. */
  readonly connectMs: number;
}

/**
 * The URL before `--ssh-options` before the configuration files, as ssh itself reads them where there is one. Warns of
 * options that are not heeded.
 */
export async function sshTarget(url: BackendUrl, options: OpenOptions): Promise<SshTarget> {
  const { env = {}, settings = {}, warn = () => {} } = options;
  const home = homeDirectory(env) ?? '/';
  const given = parseSshOptions(settings.sshOptions ?? '');
  for (const word of given.ignored) warn(`${word} in --ssh-options is not supported and is ignored.`);
  const name = url.alias ?? url.host ?? '';
  const first = await readerFor(url, given, { ...options, home });

  const localUser = (): string => userName(env) ?? nameless(url.scheme, name);
  const user = url.user ?? first('user')?.[0] ?? localUser();
  const port = url.port ?? portOf(first('port')?.[0] ?? '22');
  const word = (keyword: string): string | undefined => first(keyword)?.[0];
  const alias = word('hostkeyalias');
  const jump = word('proxyjump');
  const meanings: Meanings = { home, host: '', name, alias, port, user, jump, env, localUser };
  const host = expandTokens(word('hostname') ?? name, { ...meanings, host: name });
  const path = (text: string): string => expandFile(text, { ...meanings, host });
  const files = (keyword: string, usual: readonly string[]): string[] =>
    (first(keyword) ?? usual).filter((file) => file !== 'none').map(path);

  const own = join(home, '.ssh');
  const agent = word('identityagent') ?? 'SSH_AUTH_SOCK';
  const keys = files('identityfile', []);
  const isNamed = first('identityfile') !== undefined;
  const proxyCommand = word('proxycommand') ?? jumpCommand(jump, given.configFile);
  const accepted = word('pubkeyacceptedalgorithms') ?? word('pubkeyacceptedkeytypes');
  const connectS = Number(word('connecttimeout'));
  const silenceMs = timeoutMs(options) || NO_TIMEOUT_MS;
  return {
    host,
    port,
    user,
    knownAs: alias ?? host,
    knownHosts: {
      user: files('userknownhostsfile', [join(own, 'known_hosts'), join(own, 'known_hosts2')]),
      global: files('globalknownhostsfile', ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
    },
    strictness: strictnessOf(word('stricthostkeychecking')),
    identityFiles: keys,
    defaultKeys: isNamed ? [] : DEFAULT_KEYS.map((key) => join(own, key)),
    certificates: files('certificatefile', []),
    mayOffer: (type) => mayOffer(type, accepted),
    algorithms: algorithmsOf(word),
    family: FAMILIES[word('addressfamily') ?? ''] ?? 0,
    bindAddress: word('bindaddress'),
    identitiesOnly: word('identitiesonly') === 'yes',
    agent: agentSocket(agent, env, path),
    proxyCommand:
      proxyCommand === undefined || proxyCommand === 'none'
        ? undefined
        : expandTokens(proxyCommand, { ...meanings, host }),
    env: options.env,
    password: urlPassword(url, env),
    mayAsk: settings.sshAskpass === true && word('batchmode') !== 'yes',
    timeoutMs: silenceMs,
    connectMs: connectS > 0 ? connectS * 1000 : silenceMs,
  };
}

const FAMILIES: Readonly<Record<string, 4 | 6>> = { inet: 4, inet6: 6 };

/** The values of a keyword, undefined where nothing says any. */
type Reader = (keyword: string) => readonly string[] | undefined;

async function readerFor(url: BackendUrl, given: SshOptions, options: OpenOptions & { home: string }): Promise<Reader> {
  const host = url.alias ?? url.host ?? '';
  const { configFile } = given;
  const words = [
    ...(url.port === undefined ? [] : ['-p', String(url.port)]),
    ...(url.user === undefined ? [] : ['-l', url.user]),
    ...given.words,
  ];
  const answer = await askSsh({ configFile, words, host, home: options.home }, options);
  if (answer !== undefined) return (keyword) => valuesOf(answer, keyword);
  const config = configFor(host, options.home, configFile);
  return (keyword) => {
    const values = [given.keywords.get(keyword), config.get(keyword)].filter((list) => list !== undefined);
    return keyword === 'identityfile' && values.length > 0 ? values.flat() : values[0];
  };
}

function agentSocket(agent: string, env: Environment, path: (text: string) => string): string | undefined {
  if (agent === 'none') return undefined;
  const variable = agent === 'SSH_AUTH_SOCK' ? agent : /^\$(\w+)$/.exec(agent)?.[1];
  return variable === undefined ? path(agent) : env[variable] || undefined;
}

/** For keys of RSA one of the names of their signatures is enough. */
function mayOffer(type: string, accepted: string | undefined): boolean {
  if (accepted === undefined || /^[+^-]/.test(accepted)) return true;
  const names = accepted.split(',');
  return names.includes(type) || (type === 'ssh-rsa' && names.some((name) => /^rsa-sha2-\d+$/.test(name)));
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
  if (word === 'true') return 'yes';
  return word === 'off' || word === 'false' ? 'no' : 'ask';
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
