import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type ProfilePlace, profilePlace, START, WHERE } from '../../testing/profile-place.ts';
import { showLines } from '../show.ts';
import { revealSecret } from './reveal.ts';

const top = mkdtempSync(`${tmpdir()}/profile-`);
afterAll(() => rmSync(top, { recursive: true }));
let at: ProfilePlace;
beforeEach(() => {
  at = profilePlace(top);
});

describe('secrets', () => {
  const SECRET = 'hunter2-hunter2';

  test.each([
    [
      `keys = { passphrase = "${SECRET}" }`,
      '4:23: keys.passphrase must not stand in the file: name where it comes from, such as { file =',
    ],
    [`[store.x]\nurl = "file:///x"\npassword = "${SECRET}"`, '6:12: store.x.password must not stand in the file'],
    [
      `[store.x]\nurl = "sftp://me:${SECRET}@host/x"`,
      '5:7: The password in the URL sftp://me:*****@host/x must not stand in the file. Take it out and write password = { file =',
    ],
    [
      `[store.x]\nurl = "s3:///b"\nenv = { AWS_SECRET_ACCESS_KEY = "${SECRET}" }`,
      'store.x.env.AWS_SECRET_ACCESS_KEY must not stand in the file.',
    ],
    [`notify.smtp = { host = "h", password = "${SECRET}" }`, 'notify.smtp.password must not stand in the file'],
    [
      `notify.webhook = "https://me:${SECRET}@host/"`,
      'The password in the URL of notify.webhook must not stand in the file.',
    ],
    [
      `keys = { passphrase = { file = "/x", env = "${SECRET.replace('-', '_')}" } }`,
      '4:23: keys.passphrase needs exactly one of file, command, env, credential or keyring.',
    ],
    [`keys = { passphrase = {} }`, 'needs exactly one of file'],
    [`keys = { passphrase = { flie = "/x" } }`, '4:25: "flie" is no key of keys.passphrase. Is file meant?'],
  ])('%s is refused, and not repeated', (line, expected) => {
    const said = at.failure(`${START}${WHERE}${line}\n`);
    expect(said).toContain(expected);
    expect(said).not.toContain(SECRET);
  });

  test('in a URL of to are refused as well', () => {
    const said = at.failure(`${START}include = ["/x"]\nto = "ftp://me:${SECRET}@host/x"\n`);
    expect(said).toContain('3:6: The password in the URL ftp://me:*****@host/x must not stand in the file.');
    expect(said).not.toContain(SECRET);
  });

  test('come from a file, a program, a variable or a credential: their first line', () => {
    const file = `${at.dir}/secret`;
    writeFileSync(file, `${SECRET}\r\nmore\n`, { mode: 0o600 });
    const around = at.around({ S: SECRET, CREDENTIALS_DIRECTORY: at.dir, PATH: process.env['PATH'] ?? '' });
    for (const source of [{ file }, { command: ['head', '-n2', file] }, { env: 'S' }, { credential: 'secret' }]) {
      expect(revealSecret(source, around).reveal()).toBe(SECRET);
    }
    expect(() => revealSecret({ env: 'T' }, around)).toThrow('The variable T, where a secret comes from, is not set.');
    expect(() => revealSecret({ file: `${at.dir}/none` }, around)).toThrow(
      `Cannot read the secret in ${at.dir}/none: ENOENT.`,
    );
    expect(() => revealSecret({ command: ['false'] }, around)).toThrow(
      'The program false, where a secret comes from, ended with 1.',
    );
    expect(() => revealSecret({ command: [`${at.dir}/none`] }, around)).toThrow('is not installed.');
    expect(() => revealSecret({ credential: 'secret' }, at.around())).toThrow('CREDENTIALS_DIRECTORY is not set.');
    writeFileSync(`${at.dir}/empty`, '\n');
    expect(() => revealSecret({ file: `${at.dir}/empty` }, around)).toThrow(
      `There is no secret in the file ${at.dir}/empty.`,
    );
  });

  test('in the keyring are looked up by secret-tool', () => {
    writeFileSync(`${at.dir}/secret-tool`, '#!/bin/sh\n[ "$*" = "lookup service backup" ] && echo found\n');
    chmodSync(`${at.dir}/secret-tool`, 0o755);
    const around = at.around({ PATH: `${at.dir}:/usr/bin:/bin` });
    expect(revealSecret({ keyring: { service: 'backup' } }, around).reveal()).toBe('found');
    expect(() => revealSecret({ keyring: { service: 'other' } }, around)).toThrow('The program secret-tool');
  });

  test('in a file that others may read, or that is not there, are a warning', () => {
    const file = `${at.dir}/secret`;
    writeFileSync(file, SECRET);
    chmodSync(file, 0o640);
    const text = (path: string): string => `${START}${WHERE}keys = { passphrase = { file = "${path}" } }\n`;
    expect(at.load(text(file)).warnings).toMatchObject([
      { at: { line: 4, column: 23 }, text: `Others may read the secret in ${file}.` },
    ]);
    chmodSync(file, 0o600);
    expect(at.load(text(file)).warnings).toEqual([]);
    expect(at.load(text(`${at.dir}/none`)).warnings).toMatchObject([
      { text: `The file ${at.dir}/none of a secret is not there.` },
    ]);
  });

  test('are shown by the way to them', () => {
    const profile = at.load(
      `${START}${WHERE.replace('"file:///mnt/backup"', '"x"')}keys.passphrase = { command = ["pass", "a b"] }\n[store.x]\nurl = "imaps://me@host"\npassword = { credential = "mail" }\n`,
    );
    expect(showLines(profile, false, at.around()).at(-1)).toBe(
      `PASSPHRASE="$(pass 'a b')" IMAP_PASSWORD="$(head -n1 "$CREDENTIALS_DIRECTORY/mail")" duplicity backup /home/me imaps://me@host`,
    );
  });
});
