import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  backUp,
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
  treeOf,
} from '../support/scene.ts';
import { testHome } from '../support/home.ts';
import { timeOfSet } from '../support/times.ts';

// Every kind of rule of DUPLICITY_TEST_FAULTS through the program: docs/contributing/faults.md.

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: noise(2_500_000), b: 'b' });
});

function run(args: readonly string[], ...rules: readonly object[]): Promise<Outcome> {
  return duplicity([...PLAIN, '--num-retries', '2', ...args], faults(...rules));
}
const words = (): readonly string[] => `-v5 --volsize 1 --current-time ${timeOfSet(0)} ${s.source} ${s.url}`.split(' ');
const backup = (...rules: readonly object[]): Promise<Outcome> => run(words(), ...rules);
/** No other upload runs beside the one that fails. */
const inLine = (rule: object): Promise<Outcome> => run(['--concurrency', '0', ...words()], rule);
/** A wrong size is asked for again after 2 s, 4 s …, unless there is but one try. */
const backupWithoutRetry = (rule: object): Promise<Outcome> => run(['--num-retries', '1', ...words()], rule);

async function restored(): Promise<ReturnType<typeof treeOf>> {
  await good(['restore', s.url, `${s.dir}/out`]);
  return treeOf(`${s.dir}/out`);
}

const attempts = ({ stdout }: Outcome): number => stdout.match(/^Attempt of \w+ Nr\. \d failed\./gm)?.length ?? 0;

test('rules are announced in a warning', async () => {
  const { stdout, status } = await run(['-v2', 'collection-status', s.url], { op: 'put', do: 'error' });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^DUPLICITY_TEST_FAULTS is set: 1 fault rule\(s\)/);
});

describe('error', () => {
  test('once is retried, before as well as after the effect, for every operation', async () => {
    const every = ['put', 'move', 'list', 'query'].map((op) => ({ op, do: 'error', count: 1 }));
    const result = await backup(...every, { op: 'put', match: '.vol3.', when: 'after', do: 'error', count: 1 });
    expect(result.status).toBe(0);
    expect(attempts(result)).toBe(5);
    expect(await restored()).toEqual(treeOf(s.source));
  });

  test('once of a download is retried', async () => {
    await backup();
    const rule = { op: 'get', match: '.vol2.', do: 'error', count: 1 };
    const result = await run(['restore', s.url, `${s.dir}/out`], rule);
    expect([result.status, attempts(result)]).toEqual([0, 1]);
    expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
  });

  test('for good ends the run with its code, and what was uploaded is not taken for a backup', async () => {
    const result = await backup({ op: 'put', match: '.vol3.', do: 'error', code: 53 });
    expect(result.status).toBe(53);
    expect(names(s.remote).filter((name) => !name.includes('.vol'))).toEqual([]);
    expect((await duplicity([...PLAIN, s.url, `${s.dir}/out`])).status).toBe(30);
    const next = await backUp(s, 1);
    expect(next.stdout).toContain('Last full backup left a partial set, restarting.\n');
    expect(await restored()).toEqual(treeOf(s.source));
    expect(names(s.remote).every((name) => name.includes('20231114'))).toBe(true);
  });

  test.each(['.sigtar', '.manifest'])('of the upload of %s is told as what it is', async (match) => {
    const result = await backup({ op: 'put', match, do: 'error', code: 'BACKEND_PERMISSION_DENIED' });
    expect(result.status).toBe(51);
    expect(result.stderr).toMatch(/^Giving up after 2 attempts\. .*Injected fault: put of/);
    expect((await duplicity([...PLAIN, s.url, `${s.dir}/out`])).status).toBe(30);
    await backUp(s, 1);
    expect(await restored()).toEqual(treeOf(s.source));
    expect((await good(['cleanup', s.url])).stdout).toContain('nothing deleted in cleanup');
  });

  test('of an upload in the background ends the run too', async () => {
    const rule = { op: 'put', match: '.vol1.', do: 'error' };
    const args = ['--volsize', '1', '--concurrency', '2', s.source, s.url];
    const result = await run(args, rule);
    expect(result.status).toBe(50);
    expect(names(s.remote).filter((name) => name.includes('manifest'))).toEqual([]);
    expect(names(`${testHome()}/tmp`)).toEqual([]);
  });

  test('BACKEND_NOT_FOUND is not worth a retry', async () => {
    const result = await backup({ op: 'put', match: '.vol1.', do: 'error', code: 'BACKEND_NOT_FOUND' });
    expect([result.status, attempts(result)]).toEqual([52, 0]);
  });
});

test('exit ends the process with the number, without clean-up', async () => {
  const result = await inLine({ op: 'put', match: '.vol2.', do: 'exit', code: 99 });
  expect([result.status, result.stderr]).toEqual([99, '']);
  expect(names(s.remote)).toEqual([expect.stringContaining('.vol1.')]);
  expect(names(`${testHome()}/tmp`)).toHaveLength(1);
});

test('kill is a SIGKILL', async () => {
  const result = await inLine({ op: 'put', match: '.vol2.', when: 'after', do: 'kill' });
  expect(result.signal).toBe('SIGKILL');
  expect(names(s.remote)).toHaveLength(2);
});

describe('skip', () => {
  test('of a volume is found out at once', async () => {
    const result = await backupWithoutRetry({ op: 'put', match: '.vol2.', do: 'skip' });
    expect(result.status).toBe(44);
    expect(result.stderr).toMatch(/^File .*vol2.* was corrupted during upload\. It is not on the remote\./);
    await backUp(s, 1);
    expect(await restored()).toEqual(treeOf(s.source));
  });

  test('of a deletion leaves the file for the next clean-up', async () => {
    await backUp(s, 0);
    await backUp(s, 1, ['full']);
    await run(['remove-all-but-n-full', '1', '--force', s.url], { op: 'delete', match: '.vol', do: 'skip' });
    expect(names(s.remote).filter((name) => name.includes('20231114'))).toEqual([expect.stringContaining('.vol1.')]);
    await good(['cleanup', '--force', s.url]);
    expect(names(s.remote).filter((name) => name.includes('20231114'))).toEqual([]);
  });
});

test.each(['.vol1.', '.sigtar', '.manifest'])('truncate of %s is 44, and the set does not count', async (match) => {
  const result = await backupWithoutRetry({ op: 'put', match, do: 'truncate', bytes: 300 });
  expect(result.status).toBe(44);
  expect(result.records.find(({ level }) => level === 'ERROR')?.fields).toMatch(/^'duplicity-full\S+' \d+ \d+$/);
  expect((await duplicity([...PLAIN, s.url, `${s.dir}/none`])).status).toBe(30);
  const next = await backUp(s, 1);
  expect(next.stdout).toContain('Last full backup left a partial set, restarting.\n');
  // Without a volume there is nothing to go on with.
  const day = match === '.vol1.' ? '20231115' : '20231114';
  expect(names(s.remote).every((name) => name.includes(day))).toBe(true);
  expect(await restored()).toEqual(treeOf(s.source));
});

test('delay takes its time', async () => {
  const before = performance.now();
  expect((await run(['collection-status', s.url], { op: 'list', do: 'delay', ms: 700 })).status).toBe(0);
  expect(performance.now() - before).toBeGreaterThan(700);
});

test('wait holds an upload until another is done', async () => {
  const args = ['-v5', '--volsize', '1', '--concurrency', '2', s.source, s.url];
  const result = await run(args, { op: 'put', match: '.vol1.', do: 'wait', until: '.vol2.' });
  expect(result.status).toBe(0);
  const order = [...result.stdout.matchAll(/^Uploaded .*\.(vol\d)\./gm)].map(([, volume]) => volume);
  expect(order.indexOf('vol2')).toBeLessThan(order.indexOf('vol1'));
  const manifest = names(s.remote).find((name) => name.endsWith('manifest')) ?? '';
  const volumes = readFileSync(`${s.remote}/${manifest}`, 'latin1').match(/^Volume \d/gm);
  expect(volumes).toEqual(['Volume 1', 'Volume 2', 'Volume 3']);
  expect(await restored()).toEqual(treeOf(s.source));
});

test('"*" concerns every operation', async () => {
  const result = await backup({ op: '*', do: 'error', count: 1 });
  expect([result.status, attempts(result)]).toEqual([0, 1]);
  expect((await run(['collection-status', s.url], { op: '*', do: 'error' })).status).toBe(50);
});
