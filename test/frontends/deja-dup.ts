import { spawn } from 'node:child_process';
import { isolatedEnv } from '../support/home.ts';
import type { Machine } from './machine.ts';

/** The words of deja-dup 44.0, and those that 44.2, 45 and later use where the version is 2.0 or newer. */
export const STYLES = {
  '44.0': {
    ownership: '--do-not-restore-ownership',
    path: '--file-to-restore',
    incremental: [],
  },
  '45': {
    ownership: '--no-restore-ownership',
    path: '--path-to-restore',
    incremental: ['incremental'],
  },
} as const;

/** What deja-dup takes from the records of a run. It reads nothing else: stdout and stderr go nowhere. */
export interface Heard {
  /** null when a signal ended the run. */
  readonly status: number | null;
  /** Of INFO 2: bytes or volumes done, and of how many. */
  readonly progress: readonly (readonly number[])[];
  /** The last collection status. */
  readonly sets: readonly { readonly kind: string; readonly time: string; readonly isEncrypted: boolean }[] | undefined;
  /** What the run was busy with, one after the other. */
  readonly files: readonly string[];
  readonly listed: readonly { readonly time: string; readonly path: string; readonly type: string }[];
  readonly uploads: number;
  /** Leftovers were found: it would run `cleanup --force` once and start over. */
  readonly needsCleanup: boolean;
  readonly unreadable: readonly string[];
  readonly notRestored: readonly string[];
  readonly error: { readonly code: number; readonly fields: readonly string[]; readonly text: string } | undefined;
  readonly needsPassphrase: boolean;
  readonly isWrongPassphrase: boolean;
}

export interface RunSettings {
  /** Unknown when missing; `null` is a backup without encryption. */
  readonly passphrase?: string | null;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process group and the records so far, whenever some arrive. */
  readonly heard?: (pid: number, log: string) => void;
}

/** Any number from 3 on: the first that is free. A script's shell has its own files there. */
const LOG_FD = 10;

/** Starts duplicity in the way of deja-dup: a session of its own, an empty stdin, and a descriptor for the records. */
export async function asDejaDup(at: Machine, words: readonly string[], settings: RunSettings = {}): Promise<Heard> {
  const { passphrase } = settings;
  const args = [
    ...words,
    ...(passphrase === null ? ['--no-encryption'] : []),
    '--verbosity=9',
    '--timeout=120',
    `--archive-dir=${at.home}/.cache/deja-dup`,
    `--tempdir=${at.home}/tmp`,
    `--log-fd=${LOG_FD}`,
  ];
  const known = passphrase === undefined ? {} : { PASSPHRASE: passphrase ?? '' };
  const child = spawn('duplicity', args, {
    cwd: '/',
    env: isolatedEnv(at.home, { ...at.env, ...known, ...settings.env }),
    detached: true,
    stdio: Array.from({ length: LOG_FD + 1 }, (_, fd) => (fd === LOG_FD ? 'pipe' : 'ignore')),
    timeout: 120_000,
  });
  const parts: Buffer[] = [];
  child.stdio.at(LOG_FD)?.on('data', (part: Buffer) => {
    parts.push(part);
    if (child.pid !== undefined) settings.heard?.(child.pid, Buffer.concat(parts).toString());
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code));
  });
  return { status, ...understand(Buffer.concat(parts).toString()) };
}

interface LogRecord {
  readonly level: string;
  readonly code: number;
  readonly fields: readonly string[];
  readonly data: readonly string[];
  readonly text: string;
}

function understand(log: string): Omit<Heard, 'status'> {
  const records = log
    .split('\n\n')
    .filter((part) => part !== '')
    .map(parseRecord);
  const of = (level: string, ...codes: readonly number[]): LogRecord[] =>
    records.filter((record) => record.level === level && codes.includes(record.code));
  const failure = of('ERROR', ...Array.from({ length: 256 }, (_, code) => code)).at(-1);
  const text = failure?.text ?? '';
  const isGpg = failure?.code === 31 || (failure?.code === 1 && text.includes('GnuPG'));
  const status = of('INFO', 3).at(-1)?.data;
  return {
    progress: of('INFO', 2).map(({ fields }) => fields.map(Number)),
    sets: status === undefined ? undefined : setsOf(status),
    files: of('INFO', 4, 5, 6, 7, 8).map(({ fields }) => fields[0] ?? ''),
    listed: of('INFO', 10).map(({ fields: [time = '', path = '', type = ''] }) => ({ time, path, type })),
    uploads: of('INFO', 11, 12).length,
    needsCleanup: of('WARNING', 2, 3, 4, 5, 6).length > 0,
    unreadable: of('WARNING', 9, 10).map(({ fields }) => fields[0] ?? ''),
    notRestored: of('WARNING', 12)
      .filter((record) => !record.text.includes('[Errno 1]'))
      .map(({ fields }) => fields[0] ?? ''),
    error: failure === undefined ? undefined : { code: failure.code, fields: failure.fields, text },
    needsPassphrase: failure?.code === 30 && failure.fields[0] === 'EOFError',
    isWrongPassphrase: isGpg && /Bad session key|No secret key/.test(text),
  };
}

/** A control line, lines of data, lines of text that begin with `. `. */
function parseRecord(part: string): LogRecord {
  const [control = '', ...lines] = part.split('\n');
  const [level = '', code = '', ...fields] = [...control.matchAll(/'((?:[^'\\]|\\.)*)'|(\S+)/g)].map(
    ([, quoted, word]) => (quoted === undefined ? (word ?? '') : unescape(quoted)),
  );
  const isText = (line: string): boolean => line.startsWith('. ');
  return {
    level,
    code: Number(code),
    fields,
    data: lines.filter((line) => !isText(line)),
    text: lines
      .filter(isText)
      .map((line) => line.slice(2))
      .join('\n'),
  };
}

function unescape(quoted: string): string {
  const simple: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\' };
  const escape = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/g;
  return quoted.replaceAll(escape, (_, x?: string, u?: string, long?: string, char?: string) => {
    const hex = x ?? u ?? long;
    return hex === undefined ? (simple[char ?? ''] ?? '') : String.fromCodePoint(Number.parseInt(hex, 16));
  });
}

/** Lines with a leading blank, after the line of the chain that can be continued. */
function setsOf(data: readonly string[]): Heard['sets'] {
  const start = data.findIndex((line) => line === 'chain-complete' || line.startsWith('chain-no-sig'));
  const sets = start < 0 ? [] : data.slice(start).filter((line) => line.startsWith(' '));
  return sets.map((line) => {
    const [kind = '', time = '', , encryption] = line.trim().split(' ');
    return { kind, time, isEncrypted: encryption === 'enc' };
  });
}
