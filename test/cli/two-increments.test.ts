import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { backUp, good, names, put, type Scene, scene } from '../support/scene.ts';
import { asctime, timeOfSet } from '../support/times.ts';

let s: Scene;
const forgetArchiveDir = (): void => rmSync(`${testHome()}/.cache`, { recursive: true, force: true });

/** Two machines that know of the full backup and not of each other. */
beforeEach(async () => {
  s = scene();
  put(s.source, { a: 'state 0' });
  await backUp(s, 0);
  cpSync(s.remote, `${s.dir}/other`, { recursive: true });
  put(s.source, { a: 'state 1', first: '1' }, timeOfSet(0));
  await backUp(s, 1);
  forgetArchiveDir();
  put(s.source, { a: 'state 2', second: '2' }, timeOfSet(1));
  rmSync(`${s.source}/first`);
  await backUp({ ...s, url: `file://${s.dir}/other` }, 2);
  for (const name of readdirSync(`${s.dir}/other`)) cpSync(`${s.dir}/other/${name}`, `${s.remote}/${name}`);
  forgetArchiveDir();
});

async function restored(time?: number): Promise<string> {
  const when = time === undefined ? [] : ['--time', String(time)];
  const { stdout } = await good(['restore', '--force', ...when, s.url, `${s.dir}/out`]);
  expect(stdout).toContain(`restored only by their own time:\n${asctime(timeOfSet(1))}\n`);
  return readFileSync(`${s.dir}/out/a`, 'utf8');
}

async function listed(time?: number): Promise<string | undefined> {
  const when = time === undefined ? [] : ['--time', String(time)];
  const { stdout } = await good(['list-current-files', ...when, s.url]);
  return / (first|second)$/m.exec(stdout)?.[1];
}

test('of two increments of one base the newer is restored and listed, the other by its time', async () => {
  expect([await restored(), await listed()]).toEqual(['state 2', 'second']);
  expect([await restored(timeOfSet(1)), await listed(timeOfSet(1))]).toEqual(['state 1', 'first']);
  expect([await restored(timeOfSet(2) - 1), await listed(timeOfSet(2) - 1)]).toEqual(['state 1', 'first']);
  expect([await restored(timeOfSet(0)), await listed(timeOfSet(0))]).toEqual(['state 0', undefined]);
});

test('the next increment builds on the newer, and nothing of the other is lost', async () => {
  put(s.source, { a: 'state 3' }, timeOfSet(2));
  await backUp(s, 3, ['incremental']);
  expect(await restored()).toBe('state 3');
  expect(await restored(timeOfSet(1))).toBe('state 1');
  const before = names(s.remote);
  await good(['cleanup', '--force', s.url]);
  expect(names(s.remote)).toEqual(before);
  await good(['replicate', s.url, `file://${s.dir}/copy`]);
  expect(names(`${s.dir}/copy`)).toEqual(before);
});

test('both go when their chain goes', async () => {
  await backUp(s, 5, ['full']);
  await good(['remove-all-but-n-full', '1', '--force', s.url]);
  expect(names(s.remote)).toHaveLength(3);
});
