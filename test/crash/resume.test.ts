import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { some } from '../support/forms.ts';
import { gnupgHome, RSA_KEY } from '../support/gnupg.ts';
import { observe } from '../support/observe.ts';
import { succeeded } from '../support/processes.ts';
import { runReference } from '../support/run.ts';
import {
  duplicity,
  faults,
  good,
  names,
  noise,
  type Outcome,
  PLAIN,
  put,
  type Scene,
  scene,
} from '../support/scene.ts';
import { treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

// A backup that died goes on with the first volume that is missing, and what happened to the source meanwhile neither
// gets lost nor mixed up: the set holds what was read, and the next increment the rest.

const VOLUMES = [1, 2, 3, 4, 5];
/** The volume that is in the middle of the large file. */
const MIDDLE = 4;

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, files(0));
});

/** About one volume of small files, three of a large one, one of small ones. */
function files(k: number): Record<string, Buffer> {
  const small = (letter: string, i: number): [string, Buffer] => [
    `${letter}${String(i).padStart(2, '0')}`,
    noise(50_000, 1000 * k + 100 * letter.charCodeAt(0) + i),
  ];
  const many = (letter: string, count: number): Record<string, Buffer> =>
    Object.fromEntries(Array.from({ length: count }, (_none, i) => small(letter, i)));
  return { ...many('a', 24), big: noise(2_900_000, 7 + k), ...many('z', 18) };
}

const archive = (): string => `${s.dir}/archive/a`;
const places = (): readonly string[] => ['--archive-dir', `${s.dir}/archive`, '--name', 'a'];
const options = (): readonly string[] => ['-v5', '--concurrency', '0', '--volsize', '1', ...places()];

function args(k: number, extra: readonly string[] = PLAIN): readonly string[] {
  return [...extra, ...options(), '--current-time', String(timeOfSet(k)), s.source, s.url];
}

type When = 'before' | 'after';

async function die(k: number, volume: number, when: When = 'before', run = args(k)): Promise<void> {
  const result = await duplicity(run, faults({ op: 'put', match: `.vol${volume}.`, when, do: 'kill' }));
  expect(result.signal).toBe('SIGKILL');
}

async function goOn(k: number, run = args(k)): Promise<Outcome> {
  const result = await duplicity(run);
  succeeded(result);
  return result;
}

const uploads = ({ stdout }: Outcome): number[] =>
  [...stdout.matchAll(/^Uploaded .*\.vol(\d+)\./gm)].map(([, number]) => Number(number));

async function restoredAt(k: number): Promise<ReturnType<typeof treeOf>> {
  const target = `${tempDir(s.dir)}/out`;
  await good([...places(), 'restore', '--time', String(timeOfSet(k)), s.url, target]);
  return treeOf(target);
}

async function restoredByReference(k: number): Promise<ReturnType<typeof treeOf>> {
  const target = `${tempDir(s.dir)}/out`;
  const time = ['--time', String(timeOfSet(k))];
  const env = { XDG_CACHE_HOME: tempDir() };
  succeeded(await runReference(['restore', '--no-encryption', ...time, s.url, target], { env }));
  return treeOf(target);
}

/** The last path of a volume, as the unfinished manifest tells it. */
function endOf(volume: number): string {
  const name = names(archive()).find((file) => file.startsWith('dup') && file.endsWith('.manifest.part')) ?? '';
  const text = readFileSync(`${archive()}/${name}`, 'latin1');
  return new RegExp(`Volume ${volume}:\n.*\n +EndingPath +(\\S+)`).exec(text)?.[1] ?? '';
}

function change(path: string, content: Buffer | string, k = 0): void {
  put(s.source, { [path]: content }, timeOfSet(k));
}

/** Nothing of it is left over, here or on the remote. */
async function expectClean(sets: number): Promise<void> {
  const here = names(archive()).filter((name) => name !== 'rates.json' && name !== 'ledger.jsonl');
  expect(here.filter((name) => /part|resume/.test(name))).toEqual([]);
  expect(here).toHaveLength(2 * sets);
  expect((await good([...places(), 'cleanup', '--force', s.url])).stdout).toContain('nothing deleted in cleanup');
}

/** The unfinished set, here and there. */
const left = (): unknown => [names(s.remote), names(archive()).filter((name) => /part|resume/.test(name))];

describe('a full backup', () => {
  test.each(some(VOLUMES, (volume) => volume === 1 || volume === MIDDLE))(
    'that dies at volume %i uploads only what is missing',
    async (volume) => {
      for (const when of ['before', 'after'] as const) {
        rmSync(s.remote, { recursive: true, force: true });
        rmSync(`${s.dir}/archive`, { recursive: true, force: true });
        await die(0, volume, when);
        const there = when === 'before' ? volume - 1 : volume;
        const result = await goOn(0);
        expect(uploads(result)).toEqual(VOLUMES.slice(there));
        expect(result.stdout).toContain('Last full backup left a partial set, restarting.\n');
        const said = there === 0 ? 'RESTART: The first volume failed' : `Restarting after volume ${there}, file `;
        expect(result.stdout).toContain(said);
        expect(await restoredAt(0)).toEqual(treeOf(s.source));
      }
      await expectClean(1);
    },
  );

  test.each(['.sigtar', '.manifest'])('that dies at %s uploads no volume again', async (match) => {
    const death = await duplicity(args(0), faults({ op: 'put', match, do: 'kill' }));
    expect(death.signal).toBe('SIGKILL');
    expect(uploads(await goOn(0))).toEqual([]);
    expect(await restoredAt(0)).toEqual(treeOf(s.source));
    await expectClean(1);
  });

  test('that dies twice goes on twice', async () => {
    await die(0, 2);
    await die(0, MIDDLE);
    await die(0, 5);
    expect(uploads(await goOn(0))).toEqual([5]);
    expect(await restoredAt(0)).toEqual(treeOf(s.source));
    await expectClean(1);
  });

  test('goes on whatever is asked for, and an increment can follow', async () => {
    await die(0, 3, 'before', args(0, [...PLAIN, 'full']));
    const result = await goOn(1, args(1, [...PLAIN, 'full']));
    expect(uploads(result)).toEqual([3, 4, 5]);
    put(s.source, files(1), timeOfSet(0));
    await goOn(1);
    expect(await restoredAt(1)).toEqual(treeOf(s.source));
    await expectClean(2);
  });

  test('whose uploads ran side by side keeps those before the first gap', async () => {
    const run = [...args(0), '--concurrency', '3'];
    const wait = { op: 'put', match: '.vol2.', do: 'wait', until: '.vol3.' };
    const result = await duplicity(run, faults(wait, { op: 'put', match: '.vol2.', do: 'kill' }));
    expect(result.signal).toBe('SIGKILL');
    expect(names(s.remote).some((name) => name.includes('.vol3.'))).toBe(true);
    expect(uploads(await goOn(0))).toEqual([2, 3, 4, 5]);
    expect(await restoredAt(0)).toEqual(treeOf(s.source));
  });

  test('does a volume again that has not arrived whole', async () => {
    await die(0, MIDDLE);
    const third = names(s.remote).find((name) => name.includes('.vol3.')) ?? '';
    truncateSync(`${s.remote}/${third}`, 1000);
    expect(uploads(await goOn(0))).toEqual([3, 4, 5]);
    expect(await restoredAt(0)).toEqual(treeOf(s.source));
  });

  test.each(some(['is lost', 'is cut off', 'is of another version'], (what) => what !== 'is cut off'))(
    'whose journal %s goes on before the file it was in',
    async (what) => {
      await die(0, MIDDLE);
      const journal = `${archive()}/${names(archive()).find((name) => name.startsWith('resume-')) ?? ''}`;
      const text = readFileSync(journal, 'latin1');
      if (what === 'is lost') rmSync(journal);
      else if (what === 'is cut off') writeFileSync(journal, text.slice(0, text.indexOf('"volume":2') - 10));
      else writeFileSync(journal, text.replace(/"program":"[^"]*"/, '"program":"0"'));
      const result = await goOn(0);
      const [first = 0] = uploads(result);
      expect([1, 2]).toContain(first);
      expect(await restoredAt(0)).toEqual(treeOf(s.source));
    },
  );
});

describe('an increment', () => {
  beforeEach(async () => {
    await goOn(0);
    put(s.source, files(1), timeOfSet(0));
  });

  test.each(some(VOLUMES, (volume) => volume === 2 || volume === MIDDLE))(
    'that dies at volume %i uploads only what is missing',
    async (volume) => {
      await die(1, volume);
      const result = await goOn(1);
      expect(uploads(result)).toEqual(VOLUMES.slice(volume - 1));
      expect(await restoredAt(1)).toEqual(treeOf(s.source));
      await expectClean(2);
    },
  );

  test('in the middle of a delta that an old version made goes on before it', async () => {
    await die(1, MIDDLE);
    const journal = `${archive()}/${names(archive()).find((name) => name.startsWith('resume-')) ?? ''}`;
    writeFileSync(journal, readFileSync(journal, 'latin1').replace(/"program":"[^"]*"/, '"program":"0"'));
    const result = await goOn(1);
    expect(uploads(result).length).toBeGreaterThan(VOLUMES.length - MIDDLE + 1);
    expect(await restoredAt(1)).toEqual(treeOf(s.source));
  });
});

describe('an increment of files that were read in the second of their times', () => {
  beforeEach(async () => {
    put(s.source, files(0), timeOfSet(0));
    await goOn(0);
    // All but the first ones change, and keep their times.
    const changed = Object.entries(files(1)).filter(([name]) => !name.startsWith('a'));
    put(s.source, Object.fromEntries(changed), timeOfSet(0));
  });

  test.each(some([1, 2, 3, 4], (volume) => volume === 1 || volume === 3))(
    'that dies at volume %i stores and counts what has changed, and reads the rest once',
    async (volume) => {
      await die(1, volume);
      const result = await goOn(1);
      expect(uploads(result)).toEqual([1, 2, 3, 4].slice(volume - 1));
      expect(result.stdout).toMatch(/^NewFiles 0\n(?:.+\n)*ChangedFiles 19\n(?:.+\n)*DeltaEntries 19$/m);
      expect(result.stdout).not.toContain('changed in the part');
      const { stdout } = await good([...places(), 'collection-status', '--show-changes-in-set', '0', s.url]);
      expect(stdout).toContain('Total number of changes: 19');
      const { opened } = await observe(args(2));
      expect(opened.filter((path) => path.startsWith(`${s.source}/`))).toEqual([]);
      expect(await restoredAt(2)).toEqual(treeOf(s.source));
      await expectClean(3);
    },
  );
});

describe('what happens to the source before the backup goes on', () => {
  /** The set is resumed, the next one holds everything as it is now. */
  async function goOnTwice(): Promise<Outcome> {
    const result = await goOn(0);
    expect(result.stdout).toContain('Restarting after volume');
    await goOn(1);
    expect(await restoredAt(1)).toEqual(treeOf(s.source));
    await expectClean(2);
    return result;
  }

  test('to what was stored waits for the next backup, and is told', async () => {
    await die(0, MIDDLE);
    const before = treeOf(s.source);
    change('a03', 'changed');
    rmSync(`${s.source}/a05`);
    change('a06b', 'new');
    const { stdout } = await goOnTwice();
    // The root as well.
    expect(stdout).toContain('4 paths have changed in the part that was stored before the interruption.');
    const first = await restoredAt(0);
    expect(first.filter(({ path }) => path.startsWith('a'))).toEqual(before.filter(({ path }) => path.startsWith('a')));
  });

  test('to what was not yet stored is taken', async () => {
    await die(0, MIDDLE);
    change('z03', 'changed', -1);
    rmSync(`${s.source}/z05`);
    change('z06b', 'new', -1);
    utimesSync(s.source, timeOfSet(-1), timeOfSet(-1));
    const result = await goOn(0);
    expect(result.stdout).not.toContain('changed in the part');
    expect(uploads(result)[0]).toBe(MIDDLE);
    expect(await restoredAt(0)).toEqual(treeOf(s.source));
  });

  const changes: readonly (readonly [what: string, act: () => void])[] = [
    ['changed', () => change('big', noise(2_900_000, 99))],
    ['touched', () => utimesSync(`${s.source}/big`, timeOfSet(0), timeOfSet(0))],
    ['written again as it was', () => change('big', noise(2_900_000, 7), -1)],
    ['truncated', () => truncateSync(`${s.source}/big`, 100_000)],
    ['gone', () => rmSync(`${s.source}/big`)],
    ['a directory', () => renameSync(`${s.source}/big`, `${s.source}/z99`)],
  ];
  test.each(some(changes, ([what]) => ['touched', 'truncated', 'a directory'].includes(what)))(
    'to the file it is in: when that is %s, it begins before it',
    async (what, act) => {
      await die(0, MIDDLE);
      act();
      if (what === 'a directory') put(s.source, { 'big/inside': 'x' }, timeOfSet(0));
      const result = await goOnTwice();
      expect(result.stdout).toMatch(/Restarting after volume 1, file a\d\d, block 0\n/);
      expect(uploads(result)[0]).toBe(2);
    },
  );

  test('to the directory of the file it is in, which is a file now: it begins before it', async () => {
    mkdirSync(`${s.source}/b`);
    renameSync(`${s.source}/big`, `${s.source}/b/big`);
    put(s.source, { b: null });
    await die(0, MIDDLE);
    rmSync(`${s.source}/b`, { recursive: true });
    change('b', 'a file');
    expect(uploads(await goOnTwice())[0]).toBe(2);
  });

  test.each(some(['changed', 'gone', 'a directory'], (what) => what !== 'changed'))(
    'to the last file that was stored: it is %s',
    async (what) => {
      await die(0, 2);
      const last = endOf(1);
      const stored = treeOf(s.source).find(({ path }) => path === last);
      rmSync(`${s.source}/${last}`);
      if (what === 'changed') change(last, 'changed');
      if (what === 'a directory')
        put(s.source, { [`${last}/inside`]: 'x', [`${last}/more/inside`]: 'x' }, timeOfSet(0));
      const { records } = await goOnTwice();
      const warned = records.flatMap(({ code, text }) => (code === 39 ? [text.split('\n')[0]] : []));
      expect(warned).toEqual(what === 'gone' ? [`File ${last} complete in backup set.`] : []);
      expect((await restoredAt(0)).find(({ path }) => path === last)).toEqual(stored);
    },
  );

  test('all of it behind the resume point is gone: that is warned of', async () => {
    await die(0, 2);
    for (const name of names(s.source)) if (name > 'a03') rmSync(`${s.source}/${name}`);
    const { records } = await goOnTwice();
    expect(records.find(({ code }) => code === 39)?.text).toMatch(
      /^File a\d\d missing in backup set\.\nContinuing restart on file a03\.$/,
    );
  });
});

describe('settings that are not those of the interrupted backup', () => {
  test('are 45, one sentence, when volumes would have another suffix, and nothing changes', async () => {
    await die(0, 3);
    const before = names(s.remote);
    const result = await duplicity(args(0, [...PLAIN, '--no-compression']));
    expect(result.status).toBe(45);
    expect(result.stderr).toMatch(
      /^Restarting backup, but current encryption settings do not match original settings\n/,
    );
    expect(names(s.remote)).toEqual(before);
    expect(uploads(await goOn(0))).toEqual([3, 4, 5]);
  });

  const pass = (word: string, ...rules: readonly object[]) => ({
    env: { PASSPHRASE: word, ...(rules.length > 0 && faults(...rules).env) },
  });

  test('are 31 with another passphrase, before anything is written', async () => {
    const kill = { op: 'put', match: '.vol3.', do: 'kill' };
    const run = args(0, []);
    expect((await duplicity(run, pass('right', kill))).signal).toBe('SIGKILL');
    const before = names(s.remote).map((name) => [name, statSync(`${s.remote}/${name}`).mtimeMs]);
    expect((await duplicity(run, pass('wrong'))).status).toBe(31);
    expect(names(s.remote).map((name) => [name, statSync(`${s.remote}/${name}`).mtimeMs])).toEqual(before);
    const result = await duplicity(run, pass('right'));
    expect(uploads(result)[0]).toBe(3);
    const out = `${s.dir}/out`;
    succeeded(await duplicity([...places(), 'restore', s.url, out], pass('right')));
    expect(treeOf(out)).toEqual(treeOf(s.source));
  });

  test('do not ask for a secret key where it encrypts to one', async () => {
    const env = { GNUPGHOME: gnupgHome('public') };
    const run = args(0, ['--encrypt-key', RSA_KEY]);
    const kill = faults({ op: 'put', match: '.vol3.', do: 'kill' }).env;
    expect((await duplicity(run, { env: { ...env, ...kill } })).signal).toBe('SIGKILL');
    const result = await duplicity(run, { env });
    expect(result.status).toBe(0);
    expect(uploads(result)[0]).toBe(3);
  });

  test('are 42 with another source, which starts over where that is allowed', async () => {
    await die(0, 3);
    const other = `${s.dir}/other`;
    mkdirSync(other);
    put(other, { a: 'other' });
    const run = [...PLAIN, ...options(), '--current-time', String(timeOfSet(1)), other, s.url];
    expect((await duplicity(run)).status).toBe(42);
    expect(names(s.remote)).toHaveLength(2);
    const result = succeeded(await duplicity(['full', '--allow-source-mismatch', ...run]));
    expect(result.stdout).toContain('Restart is impossible...starting backup from beginning.');
    expect(await restoredAt(1)).toEqual(treeOf(other));
    await expectClean(1);
  });
});

test('--dry-run tells where it would go on, and changes nothing', async () => {
  await die(0, MIDDLE);
  const before = left();
  const { stdout } = await goOn(0, [...args(0), '--dry-run']);
  expect(stdout).toMatch(/Restarting after volume 3, file big, block \d+\n/);
  expect(stdout).toMatch(/^A big\n.*A z00\n/ms);
  expect(stdout).not.toContain('A a');
  expect(left()).toEqual(before);
  expect(uploads(await goOn(0))[0]).toBe(MIDDLE);
});

test('cleanup gives an unfinished set up with --force only, and leaves nothing of it', async () => {
  await die(0, MIDDLE);
  const before = left();
  await good([...places(), 'cleanup', s.url]);
  expect(left()).toEqual(before);
  await good([...places(), 'cleanup', '--force', s.url]);
  expect(left()).toEqual([[], []]);
});

test('--fail-on-volume ends the run with 30 after the upload of that volume', async () => {
  const result = await duplicity([...args(0), '--fail-on-volume', '2']);
  expect(result.status).toBe(30);
  expect(result.records.find(({ level }) => level === 'ERROR')).toMatchObject({ code: 30, fields: 'AssertionError' });
  expect(names(s.remote)).toHaveLength(2);
  expect(uploads(await goOn(0))).toEqual([3, 4, 5]);
});

describe.runIf(requireReference())('the reference', () => {
  const reference = (k: number, extra: readonly string[] = []) =>
    runReference(
      ['--no-encryption', '--volsize', '1', '--current-time', String(timeOfSet(k))].concat(
        places(),
        extra,
        s.source,
        s.url,
      ),
    );

  test.each(['full', 'increment'])('left an unfinished %s that goes on here', async (kind) => {
    const k = kind === 'full' ? 0 : 1;
    if (k === 1) {
      succeeded(await reference(0));
      put(s.source, files(1), timeOfSet(0));
    }
    expect((await reference(k, ['--fail-on-volume', '5'])).status).toBe(30);
    const result = await goOn(k);
    // What ends in the middle of a file cannot be trusted to fit; the last one can, when its hash is right.
    expect(result.stdout).toMatch(/Restarting after volume [1-5], file \w\d\d, block 0\n/);
    expect(await restoredAt(k)).toEqual(treeOf(s.source));
    expect(await restoredByReference(k)).toEqual(treeOf(s.source));
    await expectClean(k + 1);
  });

  test('left a set it had resumed itself: what it says of that is not relied on', async () => {
    expect((await reference(0, ['--fail-on-volume', '2'])).status).toBe(30);
    change('a03', 'changed', -1);
    expect((await reference(0, ['--fail-on-volume', '3'])).status).toBe(30);
    const result = await goOn(0);
    expect(result.stdout).toContain('Restart is impossible...starting backup from beginning.');
    expect(await restoredAt(0)).toEqual(treeOf(s.source));
  });

  test.each(some([3, MIDDLE], (volume) => volume === MIDDLE))(
    'restores a set that was resumed here at volume %i, and goes on from it',
    async (volume) => {
      await die(0, volume);
      await goOn(0);
      expect(await restoredByReference(0)).toEqual(treeOf(s.source));
      put(s.source, { a03: 'changed' }, timeOfSet(0));
      succeeded(await reference(1));
      expect(await restoredAt(1)).toEqual(treeOf(s.source));
    },
  );

  test.each(some([2, MIDDLE], (volume) => volume === MIDDLE))(
    'goes on with what died here at volume %i',
    async (volume) => {
      await die(0, volume);
      const result = succeeded(await reference(0));
      expect(result.stdout).toContain('Last full backup left a partial set, restarting.');
      expect(await restoredByReference(0)).toEqual(treeOf(s.source));
      expect(await restoredAt(0)).toEqual(treeOf(s.source));
    },
  );
});
