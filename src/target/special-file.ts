import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import type { Metadata } from '../archive/entry.ts';

/**
 * Makes a fifo or device node with mode 0600. Node has no mknod, so the system's programs do it: these files are few.
 * Throws the errno that names what went wrong.
 */
export function makeSpecialFile(full: string, meta: Metadata): void {
  // A leading "./" keeps names from being taken for options.
  const name = full.startsWith('/') ? full : `./${full}`;
  const args = meta.type === 'fifo' ? ['p'] : [meta.type === 'chr' ? 'c' : 'b', String(meta.major), String(meta.minor)];
  try {
    run([name, ...args]);
  } catch (cause) {
    const detail = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    const refused = detail.includes('not permitted');
    throw Object.assign(new Error(`[Errno ${refused ? 1 : 5}] mknod: ${detail}`, { cause }), {
      errno: refused ? -1 : -5,
      code: refused ? 'EPERM' : 'EIO',
      syscall: 'mknod',
    });
  }
}

/** execFile takes text only; names that are not UTF-8 go through the shell's printf as octal escapes. */
function run([name = '', ...args]: readonly string[]): void {
  const environment: ExecFileSyncOptions = {
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
  };
  const bytes = Buffer.from(name, 'latin1');
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) {
    execFileSync('mknod', ['-m', '0600', '--', text, ...args], environment);
    return;
  }
  const octal = [...bytes].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
  // The final dot keeps a newline at the end of the name from being stripped.
  const script = 'name=$(printf "%b." "$1"); shift; exec mknod -m 0600 -- "${name%.}" "$@"';
  execFileSync('sh', ['-c', script, 'sh', octal, ...args], environment);
}
