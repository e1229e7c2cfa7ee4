import { describe, expect, test } from 'vitest';

import type { Backend, RemoteFile } from '../../src/backends/backend.ts';
import { open } from '../../src/backends/ftp/ftp.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { conformance } from '../conformance/conformance.ts';
import { bodyOf, call, names, text } from '../conformance/driver-calls.ts';
import { startFtpAnimal, type FtpKind, unixLine } from '../servers/zoo/ftp.ts';
import { firstBackup, life } from './life.ts';

const isHidden = (name: string): boolean => name.startsWith('.');

/** Pure-FTPd with ProhibitDotFilesWrite, as shared hosts set it. */
const noDots: FtpKind = {
  features: ['SIZE'],
  answer: (command, argument) =>
    ['STOR', 'DELE', 'RNFR', 'RNTO'].includes(command) && isHidden(argument)
      ? `553 Prohibited file name: ${argument}`
      : undefined,
};
/** Stores and gives back, nothing else. */
const appendOnly: FtpKind = {
  features: ['SIZE'],
  answer: (command, argument, files) => {
    const isThere = [...files.keys()].some((path) => path.endsWith(`/${argument}`));
    if (['DELE', 'RNFR'].includes(command) || (command === 'STOR' && isThere)) return '550 Permission denied.';
    return undefined;
  },
};
/** Small devices: what follows LIST is the name of a directory, also "-a": there is none, so nothing is listed. */
const optionIsName: FtpKind = {
  features: ['SIZE'],
  list: (names, command, argument) => (argument.startsWith('-') ? [] : listedBy(names, command)),
};
function listedBy(
  names: readonly { readonly name: string; readonly size: number; readonly isDirectory: boolean }[],
  command: string,
): readonly string[] {
  return names.map((listed) => (command === 'NLST' ? listed.name : unixLine(listed)));
}
/** An old Windows, without sizes but in listings. */
const windows: FtpKind = {
  list: (names, command) =>
    names.map(({ name, size, isDirectory }) =>
      command === 'NLST'
        ? name
        : `11-30-26  10:00AM ${isDirectory ? '<DIR>'.padStart(14) : String(size).padStart(20)} ${name}`,
    ),
};
/** A form that nobody reads, and names with their directory. */
const netware: FtpKind = {
  features: ['SIZE'],
  list: (names, command) =>
    command === 'NLST'
      ? names.filter(({ isDirectory }) => !isDirectory).map(({ name }) => `./${name}`)
      : names.map(
          ({ name, size, isDirectory }) => `${isDirectory ? 'd' : '-'} [RWCEAFMS] me ${size} Nov 30 10:00 ${name}`,
        ),
};
/** Knows a file only once somebody has asked for it. */
function late(): FtpKind {
  const asked = new Set<string>();
  return {
    features: ['SIZE'],
    answer(command, argument) {
      if (command !== 'SIZE' && command !== 'RETR') return undefined;
      if (asked.has(argument)) return undefined;
      asked.add(argument);
      return '550 No such file';
    },
    list: (names, command) =>
      listedBy(
        names.filter(({ name, isDirectory }) => isDirectory || asked.has(name)),
        command,
      ),
  };
}

/** With the whole contract, and with a life. */
const KINDS: readonly (readonly [string, FtpKind])[] = [
  ['refuses names with a leading dot', noDots],
  ['takes LIST -a for a name', optionIsName],
  ['lists as Windows does and has no SIZE', windows],
];

describe.each(KINDS)('an FTP server that %s', (title, kind) => {
  conformance(title, () => opened(kind), { names: 30 });

  test('holds a backup for all of its life', async () => {
    await using server = await startFtpAnimal(kind);
    await life(server.url('place'));
    expect([...server.files.keys()].filter((path) => path.includes('/.'))).toEqual([]);
  });
});

/** With its server, which ends with it. */
async function opened(kind: FtpKind): Promise<Backend> {
  const server = await startFtpAnimal(kind);
  const backend = await open(parseUrl(server.url('place')), call);
  const close = backend[Symbol.asyncDispose].bind(backend);
  return Object.assign(backend, {
    async [Symbol.asyncDispose]() {
      await close();
      await server[Symbol.asyncDispose]();
    },
  });
}

const noSize: FtpKind['answer'] = (command) => (command === 'SIZE' ? '550 no' : undefined);
const noFiles: FtpKind['answer'] = (command, _, files) =>
  /LIST|NLST/.test(command) && files.size === 0 ? '550 No files found.' : undefined;

test.each<readonly [string, FtpKind]>([
  ['lists in a form of its own', netware],
  ['takes another address for its own', { features: ['SIZE'], address: '192,0,2,1' }],
  ['knows no address of its own', { features: ['SIZE'], address: '0,0,0,0' }],
  ['swallows names with a leading dot', { features: ['SIZE'], swallows: isHidden }],
  [
    'answers hidden names as it would an account that may not store',
    {
      features: ['SIZE'],
      answer: (command, argument) => (/STOR|RNFR/.test(command) && isHidden(argument) ? '532 no' : undefined),
    },
  ],
  ['says of every size that there is no such file', { answer: noSize }],
  ['calls an empty directory an error', { answer: noFiles }],
  [
    'offers MLSD, which shows nothing',
    { features: ['MLST'], list: (all, command) => (command === 'MLSD' ? [] : listedBy(all, command)) },
  ],
  ['tells no sizes in MLSD', { features: ['MLST'], list: (all) => all.map(({ name }) => `type=file; ${name}`) }],
])('an FTP server that %s is stored to, listed and read', async (_title, kind) => {
  await using backend = await opened(kind);
  expect(await names(backend)).toEqual([]);
  for (const content of ['first, which is longer', 'second']) await backend.put('name', bodyOf(content), call);
  await backend.put('other', bodyOf('x'), call);
  const listed: RemoteFile[] = [];
  for await (const file of backend.list(call)) listed.push(file);
  expect(listed.map(({ name, size = name === 'name' ? 6 : 1 }) => [name, size])).toEqual([
    ['name', 6],
    ['other', 1],
  ]);
  expect(await text(backend, 'name')).toBe('second');
  expect(await backend.stat?.('absent', call)).toBeUndefined();
  await backend.delete('absent', call);
  await backend.delete('name', call);
  expect(await names(backend)).toEqual(['other']);
});

test('an FTP account that may only add files holds backups, says so once, and fails to delete with 51', async () => {
  await using server = await startFtpAnimal(appendOnly);
  const { stdout } = await life(server.url('place'), { keepsAll: true });
  expect(
    stdout.match(/Files get their final names at once in .*lets nobody rename files \(550 Permission denied/g),
  ).toHaveLength(1);
});

test('an FTP server that knows files late, and loses a session, holds a backup', async () => {
  await using server = await startFtpAnimal({ ...late(), cutAfter: 300_000 });
  expect((await life(server.url('place'))).status).toBe(0);
});

test('an FTP server that keeps nothing of what it says it has stored ends the backup with an error', async () => {
  await using server = await startFtpAnimal({ features: ['SIZE'], swallows: () => true });
  const { status, stderr } = await firstBackup(server.url('place'));
  expect(status).toBe(50);
  expect(stderr).toContain('the server says that it has stored the file, and it is not there');
});
