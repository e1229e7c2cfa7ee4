import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

/** A system call that succeeded: what it was given and what it gave. */
export interface Call {
  readonly name: string;
  /** Its arguments as strace prints them, with `""` where a string stood. */
  readonly words: string;
  readonly strings: readonly Buffer[];
  readonly result: number;
}

/** All that changes what lies on a disk, and what brings it there. */
const CHANGING =
  'open openat creat write pwrite64 writev pwritev pwritev2 rename renameat renameat2 link linkat unlink unlinkat mkdir ' +
  'mkdirat rmdir symlink symlinkat truncate ftruncate fallocate sendfile copy_file_range fsync fdatasync close';

interface Recorded {
  readonly status: number | null;
  readonly stderr: string;
  readonly calls: readonly Call[];
}

/** Runs a program and tells the calls by which it, and all of its threads, changed files. `log` is a name for a file. */
export function record(words: readonly string[], env: Readonly<Record<string, string>>, log: string): Recorded {
  const options = ['-f', '--seccomp-bpf', '-qq', '-xx', '-s', '16777216', '-e', 'signal=none', '-o', log];
  const { status, stderr } = spawnSync('strace', [...options, '-e', `trace=${CHANGING.split(' ').join()}`, ...words], {
    env: { PATH: process.env['PATH'], TZ: 'UTC', LANG: 'C.UTF-8', ...env },
    encoding: 'utf8',
  });
  const calls = [...read(readFileSync(log, 'latin1'))];
  rmSync(log);
  return { status, stderr, calls };
}

/** Calls of several threads overlap: each counts where it ended. */
function* read(log: string): Generator<Call> {
  const begun = new Map<string, string>();
  for (const line of log.split('\n')) {
    const cut = line.indexOf(' ');
    const thread = line.slice(0, cut);
    const text = line.slice(cut).trimStart();
    if (text.endsWith('<unfinished ...>')) {
      begun.set(thread, text.slice(0, -'<unfinished ...>'.length));
      continue;
    }
    const rest = /^<\.\.\. \w+ resumed>/.exec(text);
    const call = parse(rest === null ? text : `${begun.get(thread) ?? ''}${text.slice(rest[0].length)}`);
    if (call !== undefined && call.result >= 0) yield call;
  }
}

function parse(text: string): Call | undefined {
  const name = text.slice(0, Math.max(0, text.indexOf('(')));
  const end = text.lastIndexOf(') ');
  const result = /^\)\s+= (-?\d+)/.exec(text.slice(end))?.[1];
  if (name === '' || result === undefined) return undefined;
  const parts = text.slice(name.length + 1, end).split('"');
  const strings = parts.filter((_, i) => i % 2 === 1).map((hex) => Buffer.from(hex.replaceAll('\\x', ''), 'hex'));
  const words = parts.filter((_, i) => i % 2 === 0).join('""');
  return { name, words, strings, result: Number(result) };
}
