import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  backUp,
  duplicity,
  duplicityAfter,
  good,
  noise,
  parseRecords,
  PLAIN,
  put,
  type Scene,
  scene,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

let s: Scene;
beforeEach(() => {
  s = scene();
});

describe('--version and --help', () => {
  test.each([['--version'], ['-V'], ['full', '--version', '--nope']])('%j: two words on stdout', async (...args) => {
    expect(await duplicity(args)).toMatchObject({ status: 0, stdout: `duplicity ${version}\n`, stderr: '' });
  });

  test.each([
    ['restore', '--help'],
    ['help', 'restore'],
  ])('%s %s: usage of that action on stdout', async (...words) => {
    const result = await duplicity(words);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toMatch(/^Usage: duplicity restore \[OPTIONS\] URL PATH\n/);
    expect(result.stdout).toMatch(/^ {2}\S.*--path-to-restore/m);
    expect(result.stdout).not.toContain('--volsize');
  });

  test.each(['--help', '-h'])('%s: usage on stdout', async (word) => {
    const { status, stdout, stderr } = await duplicity([word]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: /);
    for (const part of ['collection-status', '--encrypt-key', 'file://']) expect(stdout).toContain(part);
  });
});

describe('verbosity', () => {
  /** What each level adds, by one line of it. */
  const added: readonly (readonly [number, readonly RegExp[]])[] = [
    [0, [/^-+\[ Backup Statistics \]-+$/m]],
    [2, [/^No signatures found, switching to full backup\.$/m]],
    [3, [/^Last full backup date: none$/m, /^Local and Remote metadata are synchronized, no sync needed\.$/m]],
    [5, [/^A a$/m, /^Uploading duplicity-full/m]],
  ];

  test.each([0, 1, 2, 3, 4, 5, 6, 9])(
    '%i shows what its level and those below it say, in the log too',
    async (level) => {
      put(s.source, { a: 'one' });
      const { status, stdout, stderr, records } = await duplicity([...PLAIN, `-v${level}`, s.source, s.url]);
      expect([status, stderr]).toEqual([0, '']);
      const log = records.map(({ text }) => text).join('\n');
      for (const [from, lines] of added) {
        for (const line of lines) {
          expect(line.test(stdout)).toBe(level >= from);
          expect(line.test(log)).toBe(level >= from);
        }
      }
    },
  );

  test.each([
    ['error', false],
    ['warning', false],
    ['notice', true],
    ['info', true],
    ['debug', true],
  ])('may be called %s', async (name, shows) => {
    const { stdout } = await good(['--verbosity', name, s.source, s.url]);
    expect(stdout.includes('Last full backup date')).toBe(shows);
  });

  test('0 still shows results and errors', async () => {
    put(s.source, { a: 'one' });
    await backUp(s, 0);
    expect((await good(['-v0', 'list-current-files', s.url])).stdout).toMatch(/^\w{3} .* \d{4} \.\n.* a\n$/);
    expect((await good(['-v0', 'collection-status', s.url])).stdout).toContain('Found primary backup chain');
    expect((await duplicity([...PLAIN, '-v0', s.url, s.source])).stderr).toContain('already exists');
  });
});

test('the statistics block has the fields of the reference in order, and can be left out', async () => {
  put(s.source, { a: 'one', b: noise(100_000), 'd/e': 'e' });
  await backUp(s, 0);
  put(s.source, { a: 'changed', new: 'new', b: noise(100_000) }, timeOfSet(0));
  rmSync(`${s.source}/d`, { recursive: true });
  utimesSync(s.source, timeOfSet(0), timeOfSet(0));
  const { stdout, records } = await backUp(s, 1);
  const block = stdout.slice(stdout.indexOf('----'));
  const size = 4096 + 7 + 3 + 100_000;
  expect(block.replace(/\d+\.\d\d \(\w{3} \w{3} [\d ]\d \d\d:\d\d:\d\d \d{4}\)/g, 'TIME')).toMatch(
    new RegExp(
      [
        '^--------------\\[ Backup Statistics \\]--------------',
        'StartTime TIME',
        'EndTime TIME',
        'ElapsedTime \\d\\.\\d\\d \\(\\d\\.\\d\\d seconds\\)',
        'SourceFiles 4',
        `SourceFileSize ${size} \\(102 KB\\)`,
        'NewFiles 2',
        'NewFileSize 4099 \\(4\\.00 KB\\)',
        'DeletedFiles 2',
        'ChangedFiles 2',
        'ChangedFileSize 100007 \\(97\\.7 KB\\)',
        'ChangedDeltaSize 0 \\(0 bytes\\)',
        'DeltaEntries 6',
        'RawDeltaSize \\d+ \\(\\d+ bytes\\)',
        'TotalDestinationSizeChange \\d+ \\(\\d+ bytes\\)',
        'Errors 0',
        '-------------------------------------------------\n\n$',
      ].join('\n'),
    ),
  );
  expect(records.at(-1)).toMatchObject({ level: 'NOTICE', code: 1 });
  expect((await backUp(s, 2, ['--no-print-statistics'])).stdout).not.toContain('Statistics');
});

describe('records', () => {
  test('of a backup and an increment name every path and upload', async () => {
    put(s.source, { a: 'one', 'd/b': 'two' });
    const full = await backUp(s, 0, ['-v5']);
    expect(
      full.records.filter(({ code }) => [4, 5, 6].includes(code)).map(({ code, fields }) => [code, fields]),
    ).toEqual([
      [4, "'.'"],
      [4, "'a'"],
      [4, "'d'"],
      [4, "'d/b'"],
    ]);
    const codes = full.records.map(({ level, code }) => `${level} ${code}`);
    expect(codes.filter((code) => ['INFO 11', 'INFO 13', 'INFO 2'].includes(code))).toEqual([
      'INFO 11',
      'INFO 13',
      'INFO 2',
    ]);
    expect(full.records.find(({ code }) => code === 2)).toMatchObject({ fields: String(2 * 4096 + 6), text: '' });

    put(s.source, { a: 'changed' }, timeOfSet(0));
    rmSync(`${s.source}/d/b`);
    utimesSync(`${s.source}/d`, timeOfSet(0), timeOfSet(0));
    const inc = await backUp(s, 1, ['-v5', '--concurrency', '1']);
    expect(
      inc.records.filter(({ code }) => [4, 5, 6].includes(code)).map(({ code, fields }) => [code, fields]),
    ).toEqual([
      [4, "'.'"],
      [5, "'a'"],
      [4, "'d'"],
      [6, "'d/b'"],
    ]);
    expect(inc.records.map(({ code }) => code).filter((code) => code > 10)).toEqual([12, 14]);
  });

  test('of a restore, a verification, a list and a status have their codes and fields', async () => {
    put(s.source, { a: 'one' });
    await backUp(s, 0);
    await backUp(s, 1);
    const restored = await good(['-v5', s.url, `${s.dir}/out`]);
    // As in the reference, the root is not among them.
    expect(restored.records.filter(({ code }) => code === 7).map(({ fields }) => fields)).toEqual(["'a' reg"]);
    expect(restored.records.filter(({ code }) => code === 2).map(({ fields }) => fields)).toEqual(['1 2', '2 2']);
    const verified = await good(['-v5', 'verify', s.url, s.source]);
    expect(verified.records.at(-1)).toMatchObject({
      level: 'NOTICE',
      code: 1,
      text: 'Verify complete: 2 files compared, 0 differences found.',
    });
    const listed = await good(['-v0', 'list-current-files', s.url]);
    expect(listed.records).toEqual([
      expect.objectContaining({ level: 'INFO', code: 10, fields: "20231113T221320Z '.' dir" }),
      expect.objectContaining({ level: 'INFO', code: 10, fields: "20231113T221320Z 'a' reg" }),
    ]);
    const status = await good(['-v0', 'collection-status', s.url]);
    expect(status.records).toHaveLength(1);
    expect(status.records[0]).toMatchObject({ level: 'INFO', code: 3, fields: '' });
    expect(status.records[0]?.data).toEqual([
      'backend BackendWrapper',
      expect.stringMatching(/^archive-dir .*\/\.cache\/duplicity\/[0-9a-f]{32}$/),
      'chain-complete',
      ' full 20231114T221320Z 1 noenc',
      ' inc 20231115T221320Z 1 noenc',
      'orphaned-sets-num 0',
      'incomplete-sets-num 0',
    ]);
  });

  test('go to a descriptor as well, also to the one of the messages', async () => {
    const result = await duplicityAfter(`exec 5> '${s.dir}/fd'`, [...PLAIN, '--log-fd', '5', '-v5', s.source, s.url]);
    expect(result.status).toBe(0);
    expect(parseRecords(readFileSync(`${s.dir}/fd`, 'utf8'))).toEqual(result.records);
    const mixed = await good(['--log-fd', '1', 'list-current-files', s.url]);
    expect(mixed.stdout).toMatch(/^INFO 10 \S+ '\.' dir$/m);
  });

  test('are appended to a log file', async () => {
    writeFileSync(`${s.dir}/log`, 'before\n');
    mkdirSync(s.remote);
    await good(['--log-file', `${s.dir}/log`, 'collection-status', s.url]);
    expect(readFileSync(`${s.dir}/log`, 'utf8')).toMatch(/^before\nNOTICE 1\n/);
  });
});

test('names come out as the bytes they are, and in records escaped', async () => {
  const name = Buffer.from('caf\xe9\n\x1b[31m', 'latin1');
  writeFileSync(Buffer.concat([Buffer.from(`${s.source}/`), name]), 'x');
  const { status, records } = await duplicityAfter(`exec > '${s.dir}/stdout'`, [...PLAIN, '-v5', s.source, s.url]);
  expect(status).toBe(0);
  expect(readFileSync(`${s.dir}/stdout`, 'latin1')).toContain(`A ${name.toString('latin1')}\n`);
  expect(records.filter(({ code }) => code === 4).map(({ fields }) => fields)).toEqual([
    "'.'",
    "'caf\\udce9\\n\\x1b[31m'",
  ]);
});
