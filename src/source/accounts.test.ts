import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp.ts';
import { type Accounts, localAccounts } from './accounts.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/sh
# daemon:x:1:1::/:/bin/false
toor:x:0:0:second root:/root:/bin/sh
m\u00e4rz:x:1000:1000::/home:/bin/sh
big:x:4294967294:4294967294::/:/bin/sh
root:x:7:7:again:/:/bin/sh
+nis::::::
broken
`;

interface Setup {
  readonly nsswitch?: string;
  readonly answers?: Readonly<Record<string, string>>;
}

function accounts({ nsswitch = 'passwd: files systemd\n', answers = {} }: Setup = {}): {
  readonly known: Accounts;
  readonly asked: string[];
} {
  const dir = tempDir();
  const asked: string[] = [];
  writeFileSync(`${dir}/passwd`, PASSWD, 'latin1');
  writeFileSync(`${dir}/group`, 'root:x:0:\nstaff:x:50:root,toor\n');
  writeFileSync(`${dir}/nsswitch.conf`, nsswitch);
  const files = { passwd: `${dir}/passwd`, group: `${dir}/group`, nsswitch: `${dir}/nsswitch.conf` };
  const known = localAccounts(files, (database, key) => {
    asked.push(`${database} ${key}`);
    return answers[key];
  });
  return { known, asked };
}

describe('accounts', () => {
  test('come from the files, the first line of a name or number counting', () => {
    const { known } = accounts();
    expect(known.userName(0)).toBe('root');
    expect(known.userId('root')).toBe(0);
    expect(known.userId('toor')).toBe(0);
    expect(known.userName(7)).toBe('root');
    expect(known.groupName(50)).toBe('staff');
    expect(known.groupId('staff')).toBe(50);
  });

  test('keep the bytes of names and the largest numbers', () => {
    const { known } = accounts();
    expect(known.userName(1000)).toBe('m\u00e4rz');
    expect(known.userId('m\u00e4rz')).toBe(1000);
    expect(known.userName(4_294_967_294)).toBe('big');
  });

  test('that are unknown have no name and no number', () => {
    const { known, asked } = accounts();
    expect(known.userName(1)).toBe('');
    expect(known.userId('+nis')).toBeUndefined();
    expect(known.userId('')).toBeUndefined();
    expect(known.groupId('nobody')).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test.each([
    ['passwd: files sss', ['passwd 1']],
    ['passwd: files [NOTFOUND=return] ldap # and more', ['passwd 1']],
    ['passwd: compat systemd # ldap', []],
    ['passwd: files [success=return]', []],
    ['group: ldap', []],
    ['', []],
  ])('%j says whether anybody else is asked', (nsswitch, asked) => {
    const subject = accounts({ nsswitch });
    expect(subject.known.userName(1)).toBe('');
    expect(subject.asked).toEqual(asked);
  });

  test('of the name service are asked for once', () => {
    const answers = { 12345: 'far:*:12345:1::/:', far: 'far:*:12345:1::/:' };
    const { known, asked } = accounts({ nsswitch: 'passwd: files sss', answers });
    expect([known.userName(12345), known.userName(12345)]).toEqual(['far', 'far']);
    expect([known.userId('far'), known.userId('far')]).toEqual([12345, 12345]);
    expect([known.userId('nowhere'), known.userId('nowhere')]).toEqual([undefined, undefined]);
    expect(asked).toEqual(['passwd 12345', 'passwd far', 'passwd nowhere']);
  });

  test('are believed only when the answer is for the question', () => {
    const answers = { 5: 'other:*:6:6::/:', alias: 'real:*:5:5::/:' };
    const { known } = accounts({ nsswitch: 'passwd: sss', answers });
    expect(known.userName(5)).toBe('');
    expect(known.userId('alias')).toBeUndefined();
  });

  test('whose name cannot be one are not asked for', () => {
    const { known, asked } = accounts({ nsswitch: 'passwd: sss' });
    for (const name of ['1000', 'a:b', 'a\nb', 'a\0b']) expect(known.userId(name)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test.skipIf(spawnSync('getent', ['passwd', 'root']).status !== 0)('may be asked of getent', () => {
    const dir = tempDir();
    writeFileSync(`${dir}/nsswitch.conf`, 'passwd: files sss\ngroup: files sss\n');
    const known = localAccounts({ passwd: `${dir}/none`, group: `${dir}/none`, nsswitch: `${dir}/nsswitch.conf` });
    expect(known.userName(0)).toBe('root');
    expect(known.userId('root')).toBe(0);
    expect(known.groupName(0)).not.toBe('');
    expect(known.userId('--help')).toBeUndefined();
  });
});
