import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { errorOf, json, jsonOf, ofType, resultOf } from '../support/json.ts';
import { searchPath } from '../support/home.ts';
import { root } from '../support/paths.ts';
import { run } from '../support/processes.ts';
import { heard } from '../support/heard.ts';
import { NODE, runDuplicity, startDuplicity } from '../support/run.ts';
import { backUp, faults, names, noise, PLAIN, put, scene, type Scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const STATUS = 'collection-status';
const at = (k: number): string[] => ['--current-time', String(timeOfSet(k))];
const rfc3339 = (time: number): string => new Date(time * 1000).toISOString().replace('.000Z', 'Z');

/** Two sets, the full one of several volumes. */
async function twoSets(): Promise<Scene> {
  const place = scene();
  put(place.source, { big: noise(2_500_000), small: 'one', gone: 'x' });
  await backUp(place, 0, ['full', '--volsize', '1']);
  put(place.source, { small: 'two', later: 'new' }, timeOfSet(0));
  await backUp(place, 1, ['incremental', '--volsize', '1']);
  return place;
}

describe('collection-status --json', () => {
  test('gives chains and sets as values', async () => {
    const { remote, url } = await twoSets();
    const [start, end] = [timeOfSet(0), timeOfSet(1)];
    const { result } = resultOf(await json([STATUS, url]), STATUS);
    const ofSet = (stamp: string) => names(remote).filter((name) => name.includes(stamp));
    expect(result).toMatchObject({
      chains: [
        {
          isActive: true,
          isAhead: false,
          start: rfc3339(start),
          startEpoch: start,
          end: rfc3339(end),
          endEpoch: end,
          sets: [
            { kind: 'full', time: rfc3339(start), timeEpoch: start, volumes: 3, isEncrypted: false, isComplete: true },
            { kind: 'inc', timeEpoch: end, base: rfc3339(start), baseEpoch: start, volumes: 1, isComplete: true },
          ],
          beside: [],
        },
      ],
      orphaned: [],
      incomplete: [],
      stray: { remote: [], local: [] },
      lastFull: rfc3339(start),
      lastFullEpoch: start,
    });
    const chains = 'chains' in result ? result.chains : [];
    const stored = chains.flatMap(({ sets }) => sets.map(({ bytes = 0 }) => bytes));
    const all = ofSet('duplicity').map((name) => readFileSync(`${remote}/${name}`).length);
    expect(stored.reduce((sum, bytes) => sum + bytes, 0)).toBe(all.reduce((sum, bytes) => sum + bytes, 0));
  });
});

describe('every action with --json', () => {
  test('says lines of the schema and nothing else, at the highest verbosity too', async () => {
    const place = scene();
    const { source, url, dir } = place;
    put(source, { a: 'a', b: noise(1_500_000) });
    const args = ['--volsize', '1', ...PLAIN, '-v9', ...at(0)];
    const full = await json(['full', ...args, '--progress', source, url]);
    expect(resultOf(full, 'full')).toMatchObject({
      exitStatus: 0,
      result: {
        kind: 'stored',
        set: { kind: 'full', time: rfc3339(timeOfSet(0)), timeEpoch: timeOfSet(0) },
        volumes: 2,
        errors: 0,
        statistics: { sourceFiles: 3, newFiles: 3, newFileSize: expect.any(Number) },
      },
    });
    expect(ofType(full, 'file')).toMatchObject([{ change: 'new', path: '.' }, { path: 'a' }, { path: 'b' }]);
    expect(ofType(full, 'upload').filter(({ state }) => state === 'finished').length).toBeGreaterThanOrEqual(2);

    put(source, { a: 'other' }, timeOfSet(0));
    const inc = await json(['incremental', ...args, ...at(1), source, url]);
    expect(resultOf(inc, 'incremental').result).toMatchObject({
      set: { kind: 'inc', timeEpoch: timeOfSet(1), baseEpoch: timeOfSet(0) },
      statistics: { changedFiles: expect.any(Number) },
    });
    expect(ofType(inc, 'file')).toMatchObject([{ path: '.' }, { change: 'changed', path: 'a' }]);
    const dry = resultOf(await json(['backup', ...args, ...at(2), '--dry-run', source, url]), 'backup');
    expect(dry.result).toMatchObject({ kind: 'planned', volumes: 0 });
    const idle = resultOf(await json(['backup', ...args, ...at(2), '--skip-if-no-change', source, url]), 'backup');
    expect(idle.result).toMatchObject({ kind: 'skipped', volumes: 0 });
    expect(idle.result).not.toHaveProperty('set');

    const listed = await json(['list-current-files', ...PLAIN, url]);
    const { result: listedResult } = resultOf(listed, 'list-current-files');
    expect(ofType(listed, 'entry').map(({ path, fileType }) => [path, fileType])).toEqual([
      ['.', 'dir'],
      ['a', 'reg'],
      ['b', 'reg'],
    ]);

    const [file] = ofType(listed, 'entry').slice(-1);
    expect(file).toMatchObject({ mtimeEpoch: timeOfSet(-1), mode: 0o644, size: { most: expect.any(Number) } });
    const state = { time: rfc3339(timeOfSet(1)), timeEpoch: timeOfSet(1) };
    expect(listedResult).toEqual({ ...state, entries: 3 });

    const restored = await json(['restore', ...PLAIN, url, `${dir}/out`]);
    const { result: written } = resultOf(restored, 'restore');
    expect(written).toMatchObject({ kind: 'restored', ...state, entries: 3 });
    expect(ofType(restored, 'progress').at(-1)).toMatchObject({ volumes: 3 });
    const planned = resultOf(await json(['restore', ...PLAIN, '-v9', '--dry-run', url, `${dir}/not`]), 'restore');
    expect(planned.result).toMatchObject({ kind: 'planned', entries: 0 });
    expect(planned.result.volumes.length).toBe(3);

    const same = resultOf(await json(['verify', ...PLAIN, '--compare-data', url, source]), 'verify');
    expect(same).toMatchObject({ exitStatus: 0, result: { ...state, compared: 3, differences: 0, damaged: 0 } });
    put(source, { a: 'changed' });
    const other = await json(['verify', ...PLAIN, '--compare-data', url, source]);
    expect(resultOf(other, 'verify')).toMatchObject({ exitStatus: 1, result: { compared: 3 } });
    expect(ofType(other, 'difference').map(({ path }) => path)).toContain('a');
  });

  test('tells what it copied, found and removed', async () => {
    const { remote, url, dir } = await twoSets();
    const [first, second] = [timeOfSet(0), timeOfSet(1)];
    const copied = resultOf(await json(['replicate', ...PLAIN, url, `file://${dir}/copy`]), 'replicate');
    expect(copied.result).toEqual({
      found: 2,
      copied: [
        { kind: 'full', time: rfc3339(first), timeEpoch: first },
        { kind: 'inc', time: rfc3339(second), timeEpoch: second, base: rfc3339(first), baseEpoch: first },
      ],
      isPlanned: false,
    });

    const stray = `duplicity-full-signatures.${rfc3339(first - 9).replace(/[-:]/g, '')}.sigtar.gz`;
    writeFileSync(`${remote}/${stray}`, '');
    const found = resultOf(await json(['cleanup', ...PLAIN, url]), 'cleanup').result;
    expect(found).toEqual({ files: [stray], isRemoved: false });
    const gone = resultOf(await json(['cleanup', ...PLAIN, '--force', '-v9', url]), 'cleanup').result;
    expect(gone).toEqual({ files: [stray], isRemoved: true });

    const changes = await json([STATUS, '--show-changes-in-set=0', url]);
    expect(resultOf(changes, STATUS).result).toMatchObject({ sets: [{ kind: 'inc', timeEpoch: second }] });
    expect(ofType(changes, 'change').map(({ path, change, timeEpoch }) => [path, change, timeEpoch])).toEqual([
      ['later', 'new', second],
      ['small', 'changed', second],
    ]);
    const history = resultOf(await json([STATUS, '--file-changed=small', url]), STATUS).result;
    expect(history).toMatchObject({
      path: 'small',
      changes: [
        { kind: 'full', timeEpoch: first, change: 'new' },
        { kind: 'inc', timeEpoch: second, change: 'changed' },
      ],
    });

    const kept = resultOf(await json(['remove-all-but-n-full', '1', '-v9', url]), 'remove-all-but-n-full').result;
    expect(kept).toMatchObject({ chains: [], steps: [], isRemoved: false });
    await backUp({ dir, remote, url, source: `${dir}/source` }, 2, ['full']);
    const old = { chains: [{ time: rfc3339(second), timeEpoch: second }] };
    const planned = resultOf(await json(['remove-older-than', String(second + 1), url]), 'remove-older-than').result;
    expect(planned).toMatchObject({ ...old, isRemoved: false });
    const incs = ['remove-all-inc-of-but-n-full', '1', '--force'] as const;
    const removed = resultOf(await json([...incs, url]), incs[0]).result;
    expect(removed).toMatchObject({ isRemoved: true });
    const files = removed.steps.flatMap(({ files }) => files.map(({ name }) => name));
    expect(files.length).toBeGreaterThan(0);
    expect(names(remote).filter((name) => files.includes(name))).toEqual([]);
  });

  test('tells what a place can do', async () => {
    const { url } = scene();
    const { result } = resultOf(await json(['validate-backend', '-v9', url]), 'validate-backend');
    expect(result).toMatchObject({ isGood: true, guarantees: { atomicPut: true, consistentList: true } });
    expect(result.checks.every(({ isGood }) => isGood)).toBe(true);
  });
});

test('progress is told where asked for, and files only from the verbosity where people hear of them', async () => {
  const { source, url } = scene();
  put(source, { a: noise(300_000) });
  const run = await json(['full', ...PLAIN, '--progress', source, url]);
  const progress = ofType(run, 'progress');
  expect(progress.at(-1)).toMatchObject({ percent: 100, isStalled: false });
  expect(ofType(run, 'file')).toEqual([]);
});

test('paths are text, and bytes too where they are not UTF-8', async () => {
  const place = scene();
  const { source, url } = place;
  const odd = Buffer.from('odd\xff\n"name', 'latin1');
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), odd]), '1');
  writeFileSync(`${source}/größe\t\u2028`, '2');
  await backUp(place, 0);
  const entries = ofType(await json(['list-current-files', ...PLAIN, url]), 'entry');
  const paths = entries.map(({ path, pathBytes }) => ({ path, pathBytes }));
  expect(paths).toEqual([
    { path: '.' },
    { path: 'größe\t\u2028' },
    { path: 'odd\ufffd\n"name', pathBytes: odd.toString('base64') },
  ]);
});

describe('a run that fails', () => {
  test.each([
    [['--nope', STATUS, 'file:///x'], 'no such option: --nope'],
    [['colection-status', 'file:///x', 'y', 'z'], '"colection-status" is no action'],
    [['--volsize', 'many', 'full', 'a', 'file:///x'], '--volsize'],
    [['help', 'verfy'], '"verfy" is no action'],
    [
      ['--log-fd', '1', STATUS, 'file:///x'],
      '--log-fd cannot send records to standard output, which belongs to --json.',
    ],
  ])('%j: a usage error is the one line', async (args, message) => {
    for (const words of [
      ['--json', ...args],
      [...args, '--json'],
    ]) {
      const run = jsonOf(await runDuplicity(words));
      expect(run.events).toEqual([]);
      const line = errorOf(run);
      expect(line).toMatchObject({ exitStatus: 2, code: 'COMMAND_LINE' });
      expect(line.message).toContain(message);
      expect(run.stderr).toMatch(/^Command line error: /);
    }
  });

  test('has its code, its sentence and its hint in the last line, and a sentence for people on stderr', async () => {
    const { source, url, dir } = scene();
    put(source, { a: '1' });
    mkdirSync(`${dir}/full`);
    put(`${dir}/full`, { there: '' });
    const failed = await json(['restore', ...PLAIN, url, `${dir}/full`]);
    const line = errorOf(failed);
    expect(line).toMatchObject({ action: 'restore', exitStatus: 11, code: 'RESTORE_DIR_EXISTS' });
    expect(failed.stderr).toContain(line.message);
  });

  test('tells what was warned of before', async () => {
    const place = scene();
    const { source, url } = place;
    put(source, { a: '1' });
    const run = await json(
      ['full', ...PLAIN, '--num-retries', '2', source, url],
      faults({ op: 'put', do: 'error', count: 9 }),
    );
    expect(errorOf(run)).toMatchObject({ action: 'full', exitStatus: 50, code: 'BACKEND_ERROR' });
    expect(ofType(run, 'warning').length + ofType(run, 'notice').length).toBeGreaterThan(0);
  });

  test('with --strict after its work has the result beside the error', async () => {
    const { source, url } = scene();
    put(source, { a: '1' });
    const run = await json(['full', ...PLAIN, ...at(0), source, url]);
    resultOf(run, 'full');
    // Older than the first backup, which is a warning.
    const strict = await json(['verify', '--strict', '--time', '1', ...PLAIN, url, source]);
    expect(errorOf(strict)).toMatchObject({ code: 'STRICT', exitStatus: 102, result: { compared: 2 } });
  });

  test('does not show the password of a URL', async () => {
    const run = await json([STATUS, '--num-retries', '1', 'ftp://me:hunter2@127.0.0.1:1/x', '-v9']);
    errorOf(run);
    expect(run.stdout + run.stderr).not.toContain('hunter2');
    const mistyped = await json(['full', 'x', 'y:/me:hunter2@host']);
    errorOf(mistyped);
    expect(mistyped.stdout).not.toContain('hunter2');
  });

  test.each([
    ['SIGINT', 4],
    ['SIGTERM', 143],
  ] as const)('%s: the last line names the signal', async (signal, status) => {
    const { source, url } = scene();
    put(source, { a: noise(2_500_000) });
    const slow = {
      env: { DUPLICITY_TEST_FAULTS: JSON.stringify([{ op: 'put', match: '.vol', do: 'delay', ms: 600_000 }]) },
    };
    const running = startDuplicity(['--json', 'full', '--volsize', '1', ...PLAIN, source, url], slow);
    await heard(running, '"upload"');
    running.child.kill(signal);
    const run = jsonOf(await running.result);
    expect(errorOf(run)).toMatchObject({ action: 'full', exitStatus: status, code: 'INTERRUPTED', signal });
  });
});

test('help and version are results', async () => {
  expect(resultOf(await json(['--version']), 'version').result.text).toMatch(/^duplicity \d/);
  expect(resultOf(await json(['help', 'full']), 'help').result.text).toMatch(/^Usage: duplicity full /);
});

test('records go where they go, and the exit status of a lost output is that of the process', async () => {
  const { url, dir } = await twoSets();
  const log = `${dir}/log`;
  resultOf(await json([STATUS, '--log-file', log, url]), STATUS);
  expect(readFileSync(log, 'utf8')).toMatch(/^INFO 3 $/m);
  symlinkSync('/dev/full', `${dir}/lost`);
  const lost = await json([STATUS, '--log-file', `${dir}/lost`, url]);
  expect(errorOf(lost)).toMatchObject({ action: STATUS, exitStatus: 1, code: 'GENERIC' });
});

test('an option that --json could abbreviate in the reference still is what it was', async () => {
  const { url } = await twoSets();
  const { stdout } = await runDuplicity([STATUS, '--jsons', '--show-changes-in-set', '0', url]);
  expect(stdout).toMatch(/"files_changed": \{/);
});

test('the example of the manual shows the sets of a place', async () => {
  const { dir, url } = await twoSets();
  const page = readFileSync(`${root}/docs/json.md`, 'utf8');
  writeFileSync(`${dir}/status.mjs`, /```js\n([^]*?)```/.exec(page)?.[1] ?? '');
  const env = { PATH: `${root}:${searchPath()}`, DUPLICITY_NODE: NODE };
  const shown = await run(NODE, [`${dir}/status.mjs`, url], { env });
  expect(shown).toMatchObject({ status: 0, stderr: '' });
  const lines = shown.stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/ \d+$/, ''))).toEqual([
    `full ${rfc3339(timeOfSet(0))} 3`,
    `inc ${rfc3339(timeOfSet(1))} 1`,
  ]);
});
