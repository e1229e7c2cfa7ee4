import type { Code } from '../../errors/codes.ts';
import { BackendError } from '../../errors/errors.ts';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It was killed because nothing moved any more. */
  readonly isSilent?: boolean;
}

interface Kind {
  readonly code: Code;
  readonly retryable: boolean;
  readonly hint?: string;
}

/** What rsync, ssh and the server write, most telling first. The words are those of rsync 3.2 and OpenSSH 9.2. */
const SAID: readonly (readonly [RegExp, Kind])[] = [
  [
    /failed to exec ssh/i,
    {
      code: 'BACKEND_COMMAND_ERROR',
      retryable: false,
      hint: 'Install ssh, on Debian and Ubuntu the package openssh-client.',
    },
  ],
  [
    /remote host identification has changed/i,
    {
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: 'Find out why the key has changed before you remove the old one with "ssh-keygen -R HOST".',
    },
  ],
  [
    /host key verification failed/i,
    {
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: 'Connect once with ssh, compare the fingerprint it shows, and accept it.',
    },
  ],
  [
    /permission denied \([\w,-]+\)|@error: auth failed|too many authentication failures/i,
    {
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: 'rsync over ssh logs in with keys only; a daemon takes the password of the URL or of FTP_PASSWORD.',
    },
  ],
  [
    /rsync: (?:command )?not found|command not found/i,
    {
      code: 'BACKEND_COMMAND_ERROR',
      retryable: false,
      hint: 'Install rsync on the server, on Debian and Ubuntu the package rsync.',
    },
  ],
  [
    /no space left on device|disk quota exceeded/i,
    {
      code: 'BACKEND_NO_SPACE',
      retryable: false,
      hint: 'Free some space on the target, for example with remove-older-than.',
    },
  ],
  [
    /another instance of rrsync/i,
    {
      code: 'BACKEND_ERROR',
      retryable: true,
      hint: 'Wait until the other run has ended, or let rrsync take several at once: its option -no-lock.',
    },
  ],
  [
    /(?:sending to|writing to) (?:the )?read-only server/i,
    {
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: 'The key may only read there (rrsync -ro): restore, verify and list work, backups need another key.',
    },
  ],
  [
    /reading from (?:the )?write-only server/i,
    {
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: 'A backup has to see what is stored already: take rrsync -no-del in the place of -wo.',
    },
  ],
  [
    /option --(?:delete|remove)\S* has been disabled|refused? .*--(?:delete|remove)/i,
    {
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: 'The server takes backups and lets nothing be deleted: remove old ones there, or with another key.',
    },
  ],
  [
    /option \S+ has been disabled on this server|invalid rsync-command syntax|unknown option|unrecognized option|invalid option/i,
    {
      code: 'BACKEND_ERROR',
      retryable: false,
      hint: 'The rsync of the server does not take all options: leave out what --rsync-options adds, or install a newer one.',
    },
  ],
  [
    /@error: access denied/i,
    {
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: 'The daemon does not let this machine in: see "hosts allow" in its rsyncd.conf.',
    },
  ],
  [
    /no user exists for uid/i,
    {
      code: 'BACKEND_COMMAND_ERROR',
      retryable: false,
      hint: 'ssh does not run for a user whom the password file does not know: sftp:// does, or add an entry.',
    },
  ],
  [
    /does not run rsync|is not rsync|must be run via ssh|^rrsync/im,
    {
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: 'The key may run nothing but rsync in its directory: the path of the URL counts from there.',
    },
  ],
  [
    /permission denied|read[- ]only|operation not permitted/i,
    {
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: 'Check owner and mode of the target directory.',
    },
  ],
  [/unknown module/i, { code: 'BACKEND_NOT_FOUND', retryable: false, hint: 'Check the name behind the colons.' }],
  [
    /not a directory|file exists/i,
    {
      code: 'BACKEND_ERROR',
      retryable: false,
      hint: 'Check the path of the URL: one slash after the host is below the login directory, two are absolute.',
    },
  ],
  [/no such file or directory/i, { code: 'BACKEND_NOT_FOUND', retryable: false }],
];

/** Syntax, protocol versions, unsupported actions: they will be the same the next time. */
const HOPELESS: ReadonlySet<number | null> = new Set([1, 2, 4]);

export function isAbsent({ status, stderr }: Ended): boolean {
  return status !== 0 && SAID.find(([pattern]) => pattern.test(stderr))?.[1].code === 'BACKEND_NOT_FOUND';
}

/** The server takes one call at a time. */
export function isBusy({ status, stderr }: Ended): boolean {
  return status !== 0 && /another instance of rrsync|max connections \(\d+\) reached/i.test(stderr);
}

export function rsyncFailure(task: string, ended: Ended): BackendError {
  const { status, stderr } = ended;
  const [pattern, kind] = SAID.find(([pattern]) => pattern.test(stderr)) ?? [
    undefined,
    { code: 'BACKEND_ERROR', retryable: !HOPELESS.has(status) } as const,
  ];
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  // The last line names the source line of rsync; the first says what happened.
  const why =
    lines.find((line) => pattern?.test(line)) ??
    lines.find(
      (line) => !/^(rsync error|@@@|rsync: connection unexpectedly closed|ControlSocket .* already exists)/.test(line),
    ) ??
    lines[0];
  const { code, ...rest } = kind;
  return new BackendError(
    code,
    `Cannot ${task}: ${why?.replace(/^@ +(.*?) +@$/, '$1').trim() ?? 'no reason given'} (rsync status ${status})`,
    rest,
  );
}
