import { knownKeys } from '../../src/backends/ssh/known-hosts.ts';
import { parseSshOptions } from '../../src/backends/ssh/config/ssh-options.ts';
import { splitWords } from '../../src/backends/ssh/config/words.ts';
import { sectionOf } from '../../src/backends/s3/account/profile.ts';
import { parseNetrc } from '../../src/backends/ftp/netrc.ts';
import { parseFaults } from '../../src/backends/wrap/fault-rules.ts';
import { isUrl, parseUrl, redact } from '../../src/backends/url/url.ts';
import { parseInterval, parseTime } from '../../src/cli/time/time-strings.ts';
import { automaton } from '../../src/selection/globs/automaton.ts';
import { parseFilelist } from '../../src/selection/lists/filelist.ts';
import { listedBelow, parseFilesFrom } from '../../src/selection/lists/files-from.ts';
import { buildSelection } from '../../src/selection/selection.ts';
import type { Rule } from '../../src/selection/rules.ts';
import { bytePath, ROOT } from '../../src/util/bytepath.ts';
import { parsePosixZone } from '../../src/util/posix-zone.ts';
import { confOptions, wordOptions } from '../../src/crypto/openpgp/options/gpg-words.ts';
import { gpgOptionWords } from '../../src/crypto/gpg/settings.ts';
import type { Target } from '../target.ts';

const latin1 = (input: Buffer): string => input.toString('latin1');
const utf8 = (input: Buffer): string => input.toString('utf8');

const AROUND = {
  root: bytePath('/src'),
  rootIsDirectory: true,
  rootDevice: 1,
  isThere: () => false,
  nullSeparator: false,
  emit: () => undefined,
};
const PATHS = ['/src/a', '/src/a/b.txt', '/src/a/b/c/d/e/f', `/src/${'a'.repeat(200)}`, '/src/x[1]*?'];
const SUBJECT = { type: 'reg', mtime: 1, device: 1, holds: () => false } as const;

/** Paths are asked about, too: an expression may compile and then not end. */
function decided(rules: readonly Rule[]): void {
  const selection = buildSelection([...rules, { kind: 'glob', sense: 'exclude', pattern: '**' }], AROUND);
  for (const path of PATHS) selection.decide(bytePath(path), SUBJECT);
}

export const TEXT: readonly Target[] = [
  {
    name: 'url',
    words: [
      '://',
      '%2F',
      '%zz',
      '@',
      ':',
      '[::1]',
      '::',
      '?',
      '#',
      'par2+',
      'gio+',
      'file',
      'sftp',
      'rsync',
      'boto3+s3',
      '//',
    ],
    seeds: () => [
      'sftp://u:p@h:22/rel',
      'rsync://h::mod/sub',
      'file:///a%20b',
      'par2+ftp://u@[::1]:21//abs?x#y',
      's3://bucket/dir',
      'b2://id:key@b/d',
      'rclone://r:dir',
    ],
    read(input) {
      const text = utf8(input);
      isUrl(text);
      const shown = redact(text);
      const url = parseUrl(text);
      const secret = url.password?.reveal() ?? '';
      // One that cannot be told from the rest of the URL says nothing.
      if (
        secret.length > 6 &&
        !`${url.user}${url.host}${url.path}${url.query}${url.fragment}${url.scheme}`.includes(secret) &&
        shown.includes(secret)
      ) {
        throw new Error(`the password of ${JSON.stringify(text)} is shown`);
      }
    },
  },
  {
    name: 'filelist',
    words: ['+ ', '- ', '#', '"', "'", '**', '*', '[a-z]', '\r\n', '\0', '\u00a0', '\u2028', '/src/', 'ignorecase:'],
    seeds: () => [
      `+ /src/a${' '.repeat(60_000)}b\n`,
      `- /src/${'*/'.repeat(25_000)}\n`,
      '+ /src/a\n- /src/**\n',
      '# x\n"/src/ b "\n\n  - /src/c \r\n',
      '\ufeff/src/a/*.txt\n',
    ],
    read(input) {
      for (const nullSeparator of [false, true])
        parseFilelist({ name: 'list', content: input, sense: 'exclude' }, nullSeparator);
      decided([{ kind: 'filelist', sense: 'exclude', name: 'list', content: input }]);
    },
  },
  {
    name: 'files-from',
    words: ['./', '//', '../', '#', '\0', '"', '/'],
    seeds: () => ['d/x\na\nd/y\n', './a//b/\n" d "\n', '#b\n# see ../x\na\n'],
    read(input) {
      const list = parseFilesFrom(input, 'list', { nullSeparator: false, isThere: (path) => path.length % 2 === 0 });
      for (const one of listedBelow(list, ROOT)) void one;
      for (const one of listedBelow(list, bytePath('a/b'))) void one;
    },
  },
  {
    name: 'glob',
    words: ['**', '*', '?', '[!a]', '[a-z]', '[]]', '/', 'ignorecase:', '\\', '/src/', '/**/', '[^', 'é'],
    seeds: () => [
      '/src/**/a*b?[a-z]',
      `/${'a/'.repeat(2000)}`,
      `/${'*/'.repeat(2000)}`,
      `/${'*/'.repeat(200)}`,
      `/${'[a]/'.repeat(200)}`,
      '/src/**',
      'ignorecase:/src/A/**',
      '/src/a/b.txt',
      '**/*.txt',
      '/src/[!b]*/**/x',
    ],
    most: 4096,
    read(input) {
      for (const sense of ['include', 'exclude'] as const) decided([{ kind: 'glob', sense, pattern: utf8(input) }]);
      const matches = automaton(utf8(input).slice(0, 500), true);
      for (const path of PATHS) matches(path, 'whole');
    },
  },
  {
    name: 'regexp',
    words: [
      '(?P<a>',
      '(?:',
      '(?=',
      '(?i)',
      '(?x)',
      '{2,5}',
      '[^a]',
      '\\d',
      '\\Z',
      '\\x41',
      '|',
      '.*',
      '+',
      '(a+)+',
      '$',
      '\\1',
      '[[:a]',
      '(?#',
    ],
    seeds: () => ['.*\\.txt$', '(?i)^/src/(a|b)+/[^/]*$', '(?P<n>a){2,3}(?P=n)', '[\\w\\]-]+\\Z', '(?x) a b # c\n d'],
    most: 512,
    read: (input) => decided([{ kind: 'regexp', sense: 'exclude', pattern: utf8(input) }]),
  },
  {
    name: 'time',
    words: ['now', 'T', 'Z', '+01:00', '3D', '2W', '1h78m', 'Y', '-', '/', 'Mon Nov ', ':', '20231114T221320Z'],
    seeds: () => [
      'now',
      '1700000000',
      '2023-11-14T22:13:20+01:00',
      '20231114T221320Z',
      '3D2W',
      '2023/11/14',
      '11-14-2023',
      'Tue Nov 14 22:13:20 2023',
    ],
    most: 4096,
    read(input) {
      const text = utf8(input);
      parseInterval(text);
      const time = parseTime(text, { now: 1_700_000_000, timeSeparator: ':', warn: () => undefined });
      if (Number.isNaN(time)) throw new Error(`${JSON.stringify(text)} is the time NaN`);
    },
  },
  {
    name: 'zone',
    words: ['EST5EDT', ',M3.2.0', ',M11.1.0/2', ',J60', '<+03>-3', '/26', ','],
    seeds: () => [
      'EST5EDT,M3.2.0,M11.1.0',
      '<+03>-3',
      'CET-1CEST,M3.5.0,M10.5.0/3',
      'UTC0',
      'IST-2IDT,M3.4.4/26,M10.5.0',
      'EST5EDT,J60,J300/2',
    ],
    most: 512,
    read(input) {
      const zone = parsePosixZone(utf8(input));
      if (zone === undefined) return;
      for (const time of [0, 1_700_000_000, 1_720_000_000])
        if (Number.isNaN(zone(time))) throw new Error('an offset is NaN');
    },
  },
  {
    name: 'netrc',
    words: ['machine', 'login', 'password', 'default', 'account', 'macdef', '"', '\\', '\n\n', '#'],
    seeds: () => [
      'machine h login me password "a b"\n',
      `${'\n'.repeat(60_000)}machine h`,
      `macdef a${' \n'.repeat(30_000)}b`,
      'macdef init\ncd /\n\nmachine h\nlogin a\npassword b\ndefault login c password d\n',
    ],
    read: (input) => void parseNetrc(utf8(input), 'h'),
  },
  {
    name: 'known-hosts',
    words: ['|1|', '@revoked ', '@cert-authority ', 'ssh-ed25519 ', '*', '?', '!', ',', '[h]:22 ', 'AAAA', '#', 'h '],
    seeds: () => [
      `${'*h'.repeat(20)}b ssh-rsa AAAA\n`,
      'h ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n@revoked *.org,!x ssh-rsa AAAA\n',
      '|1|c2FsdA==|aGFzaA== ssh-rsa AAAA\n[h]:2222 ecdsa-sha2-nistp256 AAAA\n',
    ],
    read(input) {
      for (const port of [22, 2222]) knownKeys(latin1(input), { file: 'known_hosts', host: 'h'.repeat(60), port });
    },
  },
  {
    name: 'ssh-options',
    words: ['-o', '-oPort=', '-F', '-i', '-J', 'ProxyCommand=', '"', "'", '\\', ' ', 'IdentityFile', '='],
    seeds: () => [
      `-oPort=a\\ ${'\\ '.repeat(30_000)}b`,
      `-oPort=22 -i "/a b" -o 'User me' -J jump -4`,
      '-F /none -oIdentityFile=\\~/x',
      '-oProxyCommand="ssh -W %h:%p x"',
    ],
    read(input) {
      splitWords(utf8(input));
      parseSshOptions(utf8(input));
    },
  },
  {
    name: 'gpg-config',
    words: ['cipher-algo ', 'no-mdc', 'compress-algo ', '#', '--', '=', '"', 's2k-count '],
    seeds: () => [
      `cipher-algo a${' '.repeat(60_000)}b\n`,
      'cipher-algo AES256\ncompress-algo zlib\n# x\ns2k-count 65011712\n',
      'no-greeting\ncharset utf-8\n',
    ],
    read(input) {
      confOptions(latin1(input));
      wordOptions(gpgOptionWords(latin1(input)));
    },
  },
  {
    name: 'aws-profile',
    words: ['[default]', '[profile x]', 's3 =\n', '  endpoint_url = ', 'region=', '[services y]', ':', '#'],
    seeds: () => [
      `[default]\nregion = a${' '.repeat(60_000)}b\n[${' '.repeat(60_000)}`,
      '[default]\nregion = eu\ns3 =\n  addressing_style = path\n[profile x]\nservices = y\n',
    ],
    read: (input) => void sectionOf(utf8(input), 'default'),
  },
  {
    name: 'fault-rules',
    words: ['"op"', '"put"', '"do"', '"error"', '"until"', '[', '{', 'null', '__proto__'],
    seeds: () => [
      '[{"op":"put","match":"vol","do":"error","code":53,"count":1}]',
      '[{"op":"*","do":"wait","until":"x"}]',
    ],
    read: (input) => void parseFaults(utf8(input)),
  },
];
