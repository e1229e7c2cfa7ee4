import { userName } from '../../util/account.ts';
import { urlPassword } from '../password.ts';
import { limitsInKib, timeoutMs, type OpenOptions } from '../open-options.ts';
import { shellQuote, splitWords } from '../ssh/config/words.ts';
import { loginPath } from '../url/url-path.ts';
import type { BackendUrl } from '../url/url.ts';
import { takeShell, transportOf } from './transport.ts';
import { withoutOurSecrets } from '../../util/secret-names.ts';

/** rsync tells of its progress once a second. */
const LEAST_SILENCE_MS = 2_000;

/** KiB between two signs of a transfer with a limit: it tells every 32, and at the end as many are still on their way. */
const STEP_KIB = 64;

/** Where the files are, in rsync's words, and what every call of rsync needs. */
export interface Place {
  /** `base` and `below` together: `user@host:./dir/`, `host::module/dir/`; names are put behind it. */
  readonly directory: string;
  /** Where directories can be made, and those that lead to the files from there. */
  readonly base: string;
  readonly below: string;
  readonly args: readonly string[];
  /** Before `args`, in which the user may say otherwise. Each process has the limit for itself. */
  readonly limits: { readonly upload: readonly string[]; readonly download: readonly string[] };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long a call may say nothing; 0: for ever. */
  readonly silenceMs: number;
  /** Ends the connection of ssh that is shared, where there is one; the host goes behind it. */
  readonly closing?: readonly string[];
}

/** `controlPath` is a socket for connections of ssh to be shared through; its path may have 100 characters. */
export function rsyncPlace(url: BackendUrl, options: OpenOptions, controlPath: string): Place {
  const { env = {}, settings = {} } = options;
  // 0 is no limit for rsync and ssh, too.
  const timeout = timeoutMs(options) / 1000;
  const extra = splitWords(settings.rsyncOptions ?? '').flatMap(outLoud);
  const { host: lowered = '', alias: name = lowered } = url;
  const host = name.includes(':') ? `[${name}]` : name;
  const { up = 0, down = 0 } = limitsInKib(options) ?? {};
  const limits = { upload: bandwidth(up), download: bandwidth(down) };
  const silenceMs = timeout === 0 ? 0 : Math.max(timeout * 1000, LEAST_SILENCE_MS, slowestMs(up), slowestMs(down));
  const { RSYNC_RSH: _shell, ...clean } = withoutOurSecrets(env);
  const shared = { ...clean, LC_ALL: 'C' };

  if (url.path.startsWith('::')) {
    const user = url.user ?? (env['USER'] || userName(env));
    const password = urlPassword(url, env)?.reveal() ?? env['RSYNC_PASSWORD'] ?? '';
    const port = url.port === undefined ? [] : [`--port=${url.port}`];
    return {
      ...split(`${host}::`, closed(url.path.slice(2)), /^[^/]*\//),
      args: [...port, `--contimeout=${timeout}`, '--no-motd', `--timeout=${timeout}`, ...extra],
      // An empty password keeps rsync from asking on the terminal.
      limits,
      // Without any name rsync says that it is "nobody".
      env: { ...shared, ...(user !== undefined && { USER: user, LOGNAME: user }), RSYNC_PASSWORD: password },
      silenceMs,
    };
  }

  const path = pathOverSsh(url);
  const { shell = env['RSYNC_RSH'], rest } = takeShell(extra);
  // rsync hands the user in front of the host to any remote shell; what it would take for the end of the host, ssh gets.
  const { user = '' } = url;
  const isOdd = /[:/]/.test(user);
  const transport = transportOf(shell, {
    port: url.port === undefined ? [] : ['-p', String(url.port)],
    given: splitWords(settings.sshOptions ?? ''),
    shared: [
      ...(timeout === 0 ? [] : [`-oConnectTimeout=${timeout}`]),
      `-oServerAliveInterval=${Math.ceil(timeout / 2)}`,
      '-oServerAliveCountMax=2',
      '-oControlMaster=auto',
      '-oControlPersist=60',
    ],
    user: isOdd ? ['-l', user] : [],
    socket: controlPath,
  });
  return {
    ...split(`${user === '' || isOdd ? '' : `${user}@`}${host}:`, path, /^(?:\.\/|\/)(?:(?:.*\/)?\.\.\/)?/s),
    args: ['-e', transport.command, `--timeout=${timeout}`, ...rest],
    limits,
    env: shared,
    silenceMs,
    ...(transport.closing !== undefined && { closing: [...transport.closing, name] }),
  };
}

/** `start` matches what of the path is there from the beginning: a login directory, a root, a module. */
function split(front: string, path: string, start: RegExp): Pick<Place, 'directory' | 'base' | 'below'> {
  const [there = ''] = start.exec(path) ?? [];
  return { directory: `${front}${path}`, base: `${front}${there}`, below: path.slice(there.length) };
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

/** What it says is read. */
function outLoud(word: string): readonly string[] {
  if (word === '--quiet') return [];
  // Behind these letters stands what belongs to them.
  const loud = word.replace(/^-(?!-)[^BTfM@e]*/, (letters) => letters.replaceAll('q', ''));
  return loud === '-' ? [] : [loud];
}
