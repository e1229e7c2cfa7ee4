import { userName } from '../../util/account.ts';
import { urlPassword } from '../password.ts';
import { limitsInKib, timeoutMs, type OpenOptions } from '../open-options.ts';
import { shellQuote, splitWords } from '../ssh/words.ts';
import { loginPath } from '../url-path.ts';
import type { BackendUrl } from '../url.ts';

/** rsync tells of its progress once a second. */
const LEAST_SILENCE_MS = 2_000;

/** KiB between two signs of a transfer with a limit: it tells every 32, and at the end as many are still on their way. */
const STEP_KIB = 64;

/** Where the files are, in rsync's words, and what every call of rsync needs. */
export interface Place {
  /** `host:dir/`, `host::module/dir/`; names are put behind it. */
  readonly directory: string;
  readonly args: readonly string[];
  /** Before `args`, in which the user may say otherwise. Each process has the limit for itself. */
  readonly limits: { readonly upload: readonly string[]; readonly download: readonly string[] };
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
  const { up = 0, down = 0 } = limitsInKib(options) ?? {};
  const limits = { upload: bandwidth(up), download: bandwidth(down) };
  const silenceMs = timeout === 0 ? 0 : Math.max(timeout * 1000, LEAST_SILENCE_MS, slowestMs(up), slowestMs(down));
  const common = [`--timeout=${timeout}`, ...extra];
  const { FTP_PASSWORD: _, RSYNC_RSH: __, ...clean } = env;
  const shared = { ...clean, LC_ALL: 'C' };

  if (url.path.startsWith('::')) {
    const user = url.user ?? (env['USER'] || userName(env));
    const password = urlPassword(url, env)?.reveal() ?? env['RSYNC_PASSWORD'] ?? '';
    const port = url.port === undefined ? [] : [`--port=${url.port}`];
    return {
      directory: closed(`${host}${url.path}`),
      args: [...port, `--contimeout=${timeout}`, '--no-motd', ...common],
      // An empty password keeps rsync from asking on the terminal.
      limits,
      // Without any name rsync says that it is "nobody".
      env: { ...shared, ...(user !== undefined && { USER: user, LOGNAME: user }), RSYNC_PASSWORD: password },
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
    limits,
    env: shared,
    silenceMs,
    ssh: { words, host: url.host ?? '', path },
  };
}

function bandwidth(kib: number): readonly string[] {
  return kib === 0 ? [] : [`--bwlimit=${kib}`];
}

/** How long an rsync with this limit may be silent, with as much again for a busy machine. */
function slowestMs(kib: number): number {
  return kib === 0 ? 0 : (2 * STEP_KIB * 1000) / kib;
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
