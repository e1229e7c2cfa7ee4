import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { DuplicityError } from '../../errors/errors.ts';
import { type ProfilePlace, profilePlace, START, WHERE } from '../../testing/profile-place.ts';
import { loadProfile } from '../profile.ts';

const top = mkdtempSync(`${tmpdir()}/profile-`);
afterAll(() => rmSync(top, { recursive: true }));
let at: ProfilePlace;
beforeEach(() => {
  at = profilePlace(top);
});

describe('a file that is odd', () => {
  test.each([
    ['has a byte order mark', `\ufeff${START}${WHERE}`],
    ['has lines that end as on Windows', (START + WHERE).replaceAll('\n', '\r\n')],
    ['has tabs', '\tversion\t=\t1\t# one\n\tinclude = [\t"/home/me",\n\t]\n\tto = "file:///mnt/backup"'],
  ])('and %s means the same', (_what, text) => {
    expect(at.backup(at.load(text))).toEqual(at.typed('backup', '/home/me', 'file:///mnt/backup'));
  });

  test.each([
    ['a key twice', `${START}${WHERE}to = "x"\n`, 'p.toml:4:1: This key is there already.'],
    ['a table twice', `${START}${WHERE}[keys]\n[keys]\n`, 'p.toml:5:2: This key is there already.'],
    [
      'a backslash',
      `${START}include = ["C:\\Users"]\n`,
      "p.toml:2:16: This backslash begins no escape of TOML. Write \\\\ for a backslash, or put the text into '...'.",
    ],
    ['no value', `${START}to =\n`, 'A value is missing behind the equals sign.'],
    ['no quotes', `${START}to = nas\n`, 'p.toml:2:6: This is no TOML. Texts and names of stores stand in quotes.'],
    ['YAML', 'version: 1\n', 'p.toml:1:'],
    ['nothing in it', '', 'p.toml:1:1: The profile lacks version'],
    ['UTF-16', Buffer.from(`\ufeff${START}`, 'utf16le'), 'p.toml:1:1: The file is in UTF-16. Save it as UTF-8.'],
    [
      'bytes of Latin-1',
      Buffer.from(`${START}include = ["/home/ren\xe9"]\n`, 'latin1'),
      'p.toml:2:22: This byte is no UTF-8.',
    ],
    ['a control character', `${START}to = "a\u0001"\n`, 'p.toml:2:'],
  ])('%s', (_what, text, expected) => {
    expect(at.failure(text)).toContain(expected);
  });

  test('is not there, is a directory, may not be read or leads nowhere: each is said', () => {
    at.put(START + WHERE, 'home');
    expect(() => loadProfile('hmoe', at.around())).toThrow(/There is no profile "hmoe"/);
    const messageOf = (word: string, around = at.around()): string => {
      try {
        loadProfile(word, around);
      } catch (error) {
        return error instanceof DuplicityError ? `${error.message} ${error.hint ?? ''}` : String(error);
      }
      return 'nothing';
    };
    expect(messageOf('hmoe')).toContain('Is "home" meant?');
    expect(messageOf(`${at.dir}/x.toml`)).toBe(`The profile ${at.dir}/x.toml is not there. A link may lead nowhere.`);
    expect(messageOf(`${at.dir}/config`)).toBe(`The profile ${at.dir}/config is a directory. Name the file in it.`);
    symlinkSync('nowhere', `${at.dir}/config/duplicity/profiles/link.toml`);
    expect(messageOf('link')).toMatch(/link\.toml is not there\. A link may lead nowhere\.$/);
    const refusing = {
      ...at.around(),
      readFile: () => {
        throw Object.assign(new Error('x'), { code: 'EACCES' });
      },
    };
    expect(messageOf('home', refusing)).toMatch(/home\.toml may not be read\./);
    expect(messageOf('a b')).toContain('"a b" cannot be the name of a profile.');
    expect(messageOf('defaults')).toContain('"defaults" cannot be the name of a profile.');
  });

  test('is a link: its defaults are those beside the link', () => {
    mkdirSync(`${at.dir}/git`);
    writeFileSync(`${at.dir}/git/x.toml`, START + WHERE);
    writeFileSync(`${at.dir}/git/defaults.toml`, `${START}exclude = ["**/no"]\n`);
    at.put(`${START}exclude = ["**/yes"]\n`, 'defaults');
    symlinkSync(`${at.dir}/git/x.toml`, `${at.dir}/config/duplicity/profiles/linked.toml`);
    expect(loadProfile('linked', at.around()).rules).toEqual(['--exclude', '**/yes']);
    expect(loadProfile(`${at.dir}/git/x.toml`, at.around()).rules).toEqual(['--exclude', '**/no']);
  });

  test('is read without a home directory, which only ~ needs', () => {
    const file = at.put(START + WHERE);
    const homeless = { ...at.around({ XDG_CONFIG_HOME: '' }), home: undefined };
    expect(loadProfile(file, homeless).source).toBe('/home/me');
    expect(() => loadProfile('p', homeless)).toThrow('/etc/duplicity/profiles/p.toml is not there');
    expect(at.failure(`${START}include = ["~/x"]\nto = "file:///x"`, { ...at.around(), home: undefined })).toContain(
      'has no meaning: there is no such home directory.',
    );
  });
});
