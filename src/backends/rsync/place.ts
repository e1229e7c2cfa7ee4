import { userInfo } from 'node:os';

import { urlPassword } from '../password.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { shellQuote, splitWords } from '../ssh/words.ts';
import { loginPath } from '../url-path.ts';
import type { BackendUrl } from '../url.ts';

/** rsync tells of its progress once a second. */
const LEAST_SILENCE_MS = 2_000;

/** Where the files are, in rsync's words, and what every call of rsync needs. */
export interface Place {
  /** `host:dir/`, `host::module/dir/`; names are put behind it. */
  readonly directory: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long a call may say nothing; 0: for ever. */
  readonly silenceMs: number;
  /** The command that reaches the server, over ssh; `mkdir` runs through it. */
  readonly ssh?: { readonly words: readonly string[]; readonly host: string; readonly path: string };
}

/** `controlPath` is a socket for connections of ssh to be shared through; its path may have 100 characters. */
export function rsyncPlace(url: BackendUrl, options: OpenOptions, controlPath: string): Place {
  const { env = {}, settings = {} } = options;
  // 0 is no limit for rsync and ssh, too.
  const timeout = timeoutMs(options) / 1000;
  const extra = splitWords(settings.rsyncOptions ?? '');
  const host = url.host?.includes(':') === true ? `[${url.host}]` : (url.host ?? '');
  const silenceMs = timeout === 0 ? 0 : Math.max(timeout * 1000, LEAST_SILENCE_MS);
  const common = [`--timeout=${timeout}`, ...extra];
  const { FTP_PASSWORD: _, RSYNC_RSH: __, ...clean } = env;
  const shared = { ...clean, LC_ALL: 'C' };

  if (url.path.startsWith('::')) {
    const user = url.user ?? env['USER'] ?? env['LOGNAME'] ?? userInfo().username;
    const password = urlPassword(url, env)?.reveal() ?? env['RSYNC_PASSWORD'] ?? '';
    const port = url.port === undefined ? [] : [`--port=${url.port}`];
    return {
      directory: closed(`${host}${url.path}`),
      args: [...port, `--contimeout=${timeout}`, '--no-motd', ...common],
      // An empty password keeps rsync from asking on the terminal.
      env: { ...shared, USER: user, LOGNAME: user, RSYNC_PASSWORD: password },
      silenceMs,
    };
  }

  const path = pathOverSsh(url);
  // What the user says comes first: of repeated options ssh takes the first.
  const words = [
    'ssh',
    ...(url.port === undefined ? [] : ['-p', String(url.port)]),
    '-oBatchMode=yes',
    ...splitWords(settings.sshOptions ?? ''),
    ...(timeout === 0 ? [] : [`-oConnectTimeout=${timeout}`]),
    `-oServerAliveInterval=${Math.ceil(timeout / 2)}`,
    '-oServerAliveCountMax=2',
    '-oControlMaster=auto',
    `-oControlPath=${controlPath}`,
    '-oControlPersist=60',
    ...(url.user === undefined ? [] : ['-l', url.user]),
  ];
  return {
    directory: `${host}:${path}`,
    args: ['-e', words.map(rsyncQuote).join(' '), ...(isPlain(path) ? [] : ['--protect-args']), ...common],
    env: shared,
    silenceMs,
    ssh: { words, host: url.host ?? '', path },
  };
}

/** Ends in a slash. Without a path it is the root, as with the reference; `./` keeps a relative path from being an option. */
function pathOverSsh(url: BackendUrl): string {
  const path = loginPath(url) || '/';
  return closed(path.startsWith('/') ? path : `./${path}`);
}

function closed(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** A shell on the server would leave it as it is. */
export function isPlain(text: string): boolean {
  return shellQuote(text) === text;
}

/** rsync knows quotes around words and no backslashes; a quote inside is written twice. */
function rsyncQuote(word: string): string {
  return /["'\s]/.test(word) ? `'${word.replaceAll("'", "''")}'` : word;
}
