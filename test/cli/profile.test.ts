import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Ajv, type AnySchemaObject } from 'ajv';
import { beforeEach, expect, test } from 'vitest';
import { parseToml } from '../../src/profile/file/parse-toml.ts';
import { plain } from '../../src/profile/file/tree.ts';
import { runExample } from '../support/example.ts';
import { isolatedEnv, testHome } from '../support/home.ts';
import { errorOf, json, ofType, resultOf } from '../support/json.ts';
import { root } from '../support/paths.ts';
import { run, succeeded } from '../support/processes.ts';
import { duplicity, put, scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

const START = 'version = 1\ninclude = ["/etc", "/home/me"]\nto = "file:///mnt/backup"\n';

let home: string;
let profiles: string;
beforeEach(() => {
  home = testHome();
  profiles = `${home}/.config/duplicity/profiles`;
  mkdirSync(profiles, { recursive: true });
});

const write = (name: string, text: string): string => {
  writeFileSync(`${profiles}/${name}.toml`, text);
  return `${profiles}/${name}.toml`;
};

test('check tells all that is wrong with all profiles, as text and as JSON, and ends with 2', async () => {
  const bad = write('bad', `${START}exlude = []\nkeep = { daily = "7" }\n`);
  const good = write('good', START.replace('backup', 'good'));
  const expected = [
    `${bad}:4:1: "exlude" is no key of a profile. Is exclude meant?`,
    `${bad}:5:18: keep.daily needs a whole number of at least 0.`,
  ];
  const { status, stderr } = await duplicity(['profile', 'check']);
  expect([status, stderr]).toEqual([2, `${expected.join('\n')}\n`]);
  const error = errorOf(await json(['profile', 'check', 'bad', good]));
  expect(error).toMatchObject({ action: 'profile', code: 'BAD_PROFILE', exitStatus: 2 });
  expect(error.result).toMatchObject({
    kind: 'checked',
    isSound: false,
    profiles: [
      { name: 'bad', file: bad },
      { name: 'good', file: good },
    ],
    problems: [
      { file: bad, line: 4, column: 1, text: '"exlude" is no key of a profile.', hint: 'Is exclude meant?' },
      { file: bad, line: 5, column: 18 },
    ],
  });
});

test('check tells of two profiles that go to one place, of wrong defaults, and warns of secrets that others may read', async () => {
  write('a', START);
  write('b', START.replace('/mnt/backup', '/mnt/backup/'));
  const { status, stderr } = await duplicity(['profile', 'check']);
  expect(status).toBe(2);
  expect(stderr).toContain('The profile b goes to file:///mnt/backup/, and so does the profile a.');
  writeFileSync(`${home}/secret`, 'x', { mode: 0o644 });
  write('b', `${START.replace('backup', '{profile}')}keys = { passphrase = { file = "~/secret" } }\n`);
  const sound = await json(['profile', 'check']);
  expect(resultOf(sound, 'profile').result).toMatchObject({ isSound: true, problems: [], warnings: [{ line: 4 }] });
  expect(ofType(sound, 'warning').map(({ text }) => text)).toEqual([
    `${profiles}/b.toml:4:23: Others may read the secret in ${home}/secret. Run chmod 600 ${home}/secret.`,
  ]);
  write('defaults', 'version = 1\nkeep = { dayly = 3 }\n');
  expect((await duplicity(['profile', 'check', 'a'])).stderr).toMatch(
    /defaults\.toml:2:10: "dayly" is no key of keep\.\nIs daily meant\?\n$/,
  );
});

test('show has the values, their places and the command lines, also as JSON; the command line makes that backup', async () => {
  const s = scene();
  put(s.source, { 'a/keep': 'a', 'a/no/x': 'x', 'b/other': 'o' });
  write('defaults', 'version = 1\noptions = { volsize = 1 }\n');
  const file = write(
    'p',
    `version = 1\ninclude = ["${s.source}/a"]\nroot = "${s.source}"\nexclude = ["**/no"]\nto = "${s.url}"\nkeys = { encrypt = false }\n`,
  );
  const { stdout } = await duplicity(['profile', 'show', 'p', '--origin']);
  expect(stdout).toContain(`options.volsize = 1  # ${profiles}/defaults.toml:2\n`);
  expect(stdout).toContain(`keys.encrypt = false  # ${file}:6\n`);
  const { result } = resultOf(await json(['profile', 'show', 'p']), 'profile');
  if (!('stores' in result)) throw new Error('not shown');
  expect(result).toMatchObject({
    kind: 'shown',
    name: 'p',
    file,
    defaults: `${profiles}/defaults.toml`,
    source: s.source,
  });
  const [store] = result.stores;
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(store?.commandLine);
  expect((await duplicity(store?.words ?? [])).status).toBe(0);
  const listed = await duplicity(['list-current-files', '--no-encryption', s.url]);
  expect(listed.stdout.match(/ (?:a|b|\.)(?:\/\S+)?$/gm)).toEqual([' .', ' a', ' a/keep']);
});

test('new writes a file that is sound, for its owner, takes options, and never overwrites one', async () => {
  const words = [
    'profile',
    'new',
    'home',
    '--include',
    '/etc',
    '--to',
    'sftp://me:geheim@host/x',
    '--volsize',
    '50',
    '--keep-daily',
    '7',
  ];
  const { status, stdout, stderr } = await duplicity(words);
  const file = `${profiles}/home.toml`;
  expect([status, stdout.split('\n')[0]]).toEqual([0, `${file} is written.`]);
  const text = readFileSync(file, 'utf8');
  expect(text + stdout + stderr).not.toContain('geheim');
  expect(plain(parseToml(text, file))).toMatchObject({
    include: ['/etc'],
    keep: { daily: 7 },
    options: { volsize: 50 },
    store: { main: { url: 'sftp://me@host/x', password: { file: `${home}/.config/duplicity/secrets/home-password` } } },
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = await json(['profile', 'new', 'home', '--include', '/x']);
  expect(errorOf(again)).toMatchObject({
    code: 'BAD_PROFILE',
    message: `${file} is there already, and is left as it is.`,
  });
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('import prints a profile', async () => {
  const { result } = resultOf(await json(['profile', 'import', 'crontab:0 3 * * * duplicity /a file:///b']), 'profile');
  expect(result).toMatchObject({ kind: 'imported', notes: [] });
  expect('text' in result && plain(parseToml(result.text, 'x'))).toMatchObject({ include: ['/a'], to: 'file:///b' });
});

test('a directory that is called profile is backed up as ever', async () => {
  const dir = tempDir();
  mkdirSync(`${dir}/profile`);
  const { status, stderr } = await duplicity(['--no-encryption', 'profile', `file://${dir}/remote`], { cwd: dir });
  expect([status, stderr]).toEqual([0, '']);
});

test('the schema for editors takes what is a profile, and nothing else', () => {
  const schema = JSON.parse(readFileSync(`${root}/docs/schema/profile.json`, 'utf8')) as AnySchemaObject;
  const takes = new Ajv({ strict: false }).compile(schema);
  const read = (text: string): unknown => JSON.parse(JSON.stringify(plain(parseToml(text, 'x'))));
  const page = readFileSync(`${root}/docs/profile.md`, 'utf8');
  const examples = [...page.matchAll(/```toml\n([^]*?)```/g)].map(([, text = '']) => text);
  expect(examples.length).toBe(2);
  for (const text of examples) expect([takes(read(text)), takes.errors]).toEqual([true, null]);
  for (const line of [
    'exlude = []',
    'options = { volsiz = 1 }',
    'keys = { passphrase = "x" }',
    'keep = { daily = "7" }',
    'version = 2',
  ]) {
    expect([line, takes(read(line.startsWith('version') ? line : `version = 1\n${line}\n`))]).toEqual([line, false]);
  }
});

test('names of profiles are completed in bash', async () => {
  write('home', START);
  write('defaults', 'version = 1\n');
  const offered = async (...words: readonly string[]): Promise<readonly string[]> => {
    const script = `. "$0"/completions/duplicity.bash; COMP_WORDS=(duplicity "$@") COMP_CWORD=$#; _duplicity; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const result = await run('bash', ['-c', script, root, ...words], { env: isolatedEnv(home), cwd: home });
    return succeeded(result)
      .stdout.split('\n')
      .filter((word) => word !== '' && !word.startsWith('.'));
  };
  expect(await offered('profile', 's')).toEqual(['show']);
  expect(await offered('profile', 'show', 'ho')).toEqual(['home']);
});

test('the example of docs/profile.md is what happens', async () => {
  expect(await runExample('docs/profile.md')).toMatchObject({ steps: 3 });
});
