import { readFileSync, rmSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { backUp, duplicity, faults, good, names, noise, PLAIN, put, type Scene, scene } from '../support/scene.ts';
import { asctime, timeOfSet } from '../support/times.ts';

/** The day of a clock that is two years ahead. */
const AHEAD = 730;
const clock = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];

let s: Scene;
beforeEach(() => {
  s = scene();
});

/** Backs `state k` up while the clock shows day `day`. */
async function night(k: number, kind: readonly string[] = [], day = k): Promise<string> {
  put(s.source, { a: `state ${k}` }, timeOfSet(k - 1));
  return (await backUp(s, day, kind)).stdout;
}

/** What is restored with the clock at day `k`. */
async function state(k: number, args: readonly string[] = []): Promise<{ readonly a: string; readonly said: string }> {
  rmSync(`${s.dir}/out`, { recursive: true, force: true });
  const { stdout } = await good(['restore', ...clock(k), ...args, s.url, `${s.dir}/out`]);
  return { a: readFileSync(`${s.dir}/out/a`, 'utf8'), said: stdout };
}

const forgetArchiveDir = (): void => rmSync(`${testHome()}/.cache`, { recursive: true, force: true });
const remoteNames = (word: string): readonly string[] => names(s.remote).filter((name) => name.includes(word));

describe.each(['full', 'inc'])('after a night with a clock two years ahead that made a set (%s)', (kind) => {
  beforeEach(async () => {
    await night(0);
    await night(99, [kind], AHEAD);
  });

  test('nights go on from the last right set, and say what is wrong', async () => {
    const said = await night(1);
    expect(said).toContain(`The clock says ${asctime(timeOfSet(1))}.`);
    expect(said).toContain(`\n${asctime(timeOfSet(AHEAD))}\n`);
    await night(2, ['inc']);
    expect(remoteNames('-inc.').some((name) => name.includes('20231115T221320Z.to.20231116T221320Z'))).toBe(true);
    forgetArchiveDir();
    const { a, said: restored } = await state(3);
    expect(a).toBe('state 2');
    expect(restored).toContain(`The backup taken is that of ${asctime(timeOfSet(2))}.`);
    expect(restored).toContain('The clock says');
    expect((await state(3, ['--time', String(timeOfSet(AHEAD))])).a).toBe('state 99');
    const shown = await good(['list-current-files', ...clock(3), s.url]);
    expect(shown.stdout).toContain(`The backup taken is that of ${asctime(timeOfSet(2))}.`);
    const verified = await good(['verify', '--compare-data', ...clock(3), s.url, s.source]);
    expect(verified.stdout).toContain('0 differences found');
    for (const action of [['collection-status'], ['cleanup'], ['remove-older-than', '1Y']]) {
      expect((await good([...action, ...clock(3), s.url])).stdout).toContain('The clock says');
    }
  });

  test('a due full backup is made once, not every night, and not in two years', async () => {
    await night(1, ['--full-if-older-than', String(timeOfSet(1))]);
    await night(2, ['--full-if-older-than', String(timeOfSet(1))]);
    const fulls = remoteNames('-full.').filter((name) => name.endsWith('.manifest'));
    expect(fulls.filter((name) => name.includes('20231115'))).toHaveLength(1);
    expect(remoteNames('20231115T221320Z.to.20231116T221320Z.manifest')).toHaveLength(1);
  });

  test('right fulls are counted, and the wrong set is removed by its time alone', async () => {
    await night(1, ['full']);
    await night(2, ['full']);
    await good(['remove-all-but-n-full', '1', '--force', ...clock(3), s.url]);
    expect((await state(3)).a).toBe('state 2');
    expect(remoteNames('20231115')).toEqual([]);

    await night(4, ['full']);
    await good(['remove-older-than', String(timeOfSet(AHEAD + 1)), '--force', ...clock(5), s.url]);
    expect(remoteNames('20251113')).toEqual([]);
    expect((await state(5)).a).toBe('state 4');
    expect((await state(5, ['--time', String(timeOfSet(2))])).a).toBe('state 2');
    expect((await good(['collection-status', ...clock(5), s.url])).stdout).not.toContain('The clock says');
  });

  test('a copy of the backup has all of it', async () => {
    await night(1);
    const copy = `file://${s.dir}/copy`;
    await good(['replicate', ...clock(2), s.url, copy]);
    expect(names(`${s.dir}/copy`)).toEqual(names(s.remote));
  });
});

test('an unfinished set dated after now is given up', async () => {
  await night(0);
  put(s.source, { big: noise(2_500_000) }, timeOfSet(0));
  const args = [...PLAIN, '--volsize', '1', '--concurrency', '0', ...clock(AHEAD), s.source, s.url];
  expect((await duplicity(args, faults({ op: 'put', match: '.vol3.', do: 'exit' }))).status).toBe(1);
  expect(remoteNames('20251113')).toHaveLength(2);
  const { stdout } = await backUp(s, 1);
  expect(stdout).toContain(`The unfinished set is from ${asctime(timeOfSet(AHEAD))}`);
  expect(remoteNames('20251113')).toEqual([]);
  expect(remoteNames('20231114T221320Z.to.20231115T221320Z.manifest')).toHaveLength(1);
});

describe('a machine whose clock begins with 1970', () => {
  const boot = (seconds: number): readonly string[] => ['--current-time', String(seconds)];

  test('restores and lists the newest set, and says so', async () => {
    await night(0);
    await night(1);
    forgetArchiveDir();
    const { stdout } = await good(['restore', ...boot(500), s.url, `${s.dir}/out`]);
    expect(readFileSync(`${s.dir}/out/a`, 'utf8')).toBe('state 1');
    expect(stdout).toContain('The clock says Thu Jan  1 00:08:20 1970, but all backup sets are later.');
    expect(stdout).toContain(`The backup taken is that of ${asctime(timeOfSet(1))}.`);
    const shown = await good(['list-current-files', ...boot(500), s.url]);
    expect(shown.stdout).toContain(`The backup taken is that of ${asctime(timeOfSet(1))}.`);
  });

  test('backs up, and the right clock goes on where it was', async () => {
    await night(0);
    put(s.source, { a: 'of 1970' }, timeOfSet(0));
    const { stdout } = await good([...boot(500), s.source, s.url]);
    expect(stdout).toContain('There is nothing to build on: making a full backup.');
    await good(['inc', ...boot(90_000), s.source, s.url]);
    await night(2, ['inc']);
    expect((await state(3)).a).toBe('state 2');
    expect(remoteNames('20231114T221320Z.to.20231116T221320Z.manifest')).toHaveLength(1);
    const gone = await good(['remove-older-than', '30D', ...boot(100_000), '--force', s.url]);
    expect(gone.stdout).toContain('No old backup sets found');
  });
});

describe('times from 2100 on', () => {
  test.each([4_102_444_800, 2 ** 32, 253_402_300_798])('are written and read: %d', async (time) => {
    put(s.source, { a: 'then' });
    await good(['--current-time', String(time), s.source, s.url]);
    put(s.source, { a: 'later' }, timeOfSet(0));
    await good(['inc', '--current-time', String(time + 1), s.source, s.url]);
    expect(remoteNames('.manifest')).toHaveLength(2);
    forgetArchiveDir();
    for (const [offset, content] of [
      [0, 'then'],
      [1, 'later'],
    ] as const) {
      const words = ['restore', '--force', '--current-time', String(time + 1), '--time', String(time + offset)];
      await good([...words, s.url, `${s.dir}/out`]);
      expect(readFileSync(`${s.dir}/out/a`, 'utf8')).toBe(content);
    }
    // A right clock sees nothing but sets after it.
    expect((await good(['list-current-files', s.url])).stdout).toMatch(/ a$/m);
    expect((await good(['collection-status', s.url])).stdout).toContain('No orphaned or incomplete backup sets found.');
  });

  test.each(['0', '253402300800', '9007199254740991'])('that no name can tell are refused: %s', async (time) => {
    put(s.source, { a: 'a' });
    const { status, stderr } = await duplicity([...PLAIN, '--current-time', time, s.source, s.url]);
    expect([status, stderr]).toEqual([23, expect.stringMatching(/^The clock says .*no name of a file can tell/)]);
    expect(names(s.remote)).toEqual([]);
  });
});

describe('the state that is taken', () => {
  test('is named when the run before left only its unfinished manifest', async () => {
    await night(0);
    put(s.source, { a: 'lost', big: noise(2_500_000) }, timeOfSet(0));
    const args = [...PLAIN, '--volsize', '1', '--concurrency', '0', ...clock(1), s.source, s.url];
    expect((await duplicity(args, faults({ op: 'put', match: '.vol1.', do: 'exit' }))).status).toBe(1);
    const { a, said } = await state(2);
    expect(a).toBe('state 0');
    expect(said).toContain(`The backup taken is that of ${asctime(timeOfSet(0))}.`);
    expect(said).toContain(`Last full backup date: ${asctime(timeOfSet(0))}`);
  });

  test('can be the one before, and that is named, when the volumes of the newest are gone', async () => {
    await night(0);
    await night(1);
    for (const name of remoteNames('-inc.').filter((name) => name.includes('.vol'))) rmSync(`${s.remote}/${name}`);
    const { status, stdout } = await duplicity(['restore', ...PLAIN, ...clock(2), s.url, `${s.dir}/out`]);
    expect(status).toBe(52);
    const when = `${asctime(timeOfSet(0))}, can be had with --time 20231114T221320Z.`;
    expect(stdout).toContain(`The backup before it, of ${when}`);
    expect((await state(2, ['--time', '20231114T221320Z'])).a).toBe('state 0');
  });

  test('is not an unfinished full: the last full backup is the one before', async () => {
    await night(0);
    put(s.source, { big: noise(2_500_000) }, timeOfSet(0));
    const args = ['full', ...PLAIN, '--volsize', '1', '--concurrency', '0', ...clock(1), s.source, s.url];
    expect((await duplicity(args, faults({ op: 'put', match: '.vol3.', do: 'exit' }))).status).toBe(1);
    const { stdout } = await good(['collection-status', ...clock(2), s.url]);
    expect(stdout).toContain(`Last full backup date: ${asctime(timeOfSet(0))}\n`);
    expect((await state(2)).said).toContain(`The backup taken is that of ${asctime(timeOfSet(0))}.`);
  });
});

test('a clock half a minute behind the last set is waited for, and the increment comes after it', async () => {
  await night(0);
  put(s.source, { a: 'next' }, timeOfSet(0));
  const { stdout } = await good(['inc', '--current-time', String(timeOfSet(0) - 30), s.source, s.url]);
  expect(stdout).toContain(`The last backup set is from ${asctime(timeOfSet(0))}: waiting until that is over.`);
  expect(remoteNames('-inc.20231114T221320Z.to.').some((name) => name.endsWith('.manifest'))).toBe(true);
});
