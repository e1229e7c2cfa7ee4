import { readFileSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { runDuplicity, runReference } from '../support/run.ts';
import { backUp, good, names, PLAIN, put, scene, type Scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

const ALARM = 'not as it was left';

async function two(options: readonly string[]): Promise<Scene> {
  const s = scene();
  for (const k of [0, 1]) {
    put(s.source, { note: `state ${k}` }, timeOfSet(k - 1));
    await backUp(s, k, options);
  }
  return s;
}

describe.runIf(requireReference())('the reference and a ledger on the store', () => {
  test('it passes the file by, makes a night, and nobody is alarmed', async () => {
    const s = await two(['--ledger']);
    const [file = ''] = names(s.remote).filter((name) => name.startsWith('ledger-'));
    expect(file).toMatch(/^ledger-[0-9a-f]{8}\.jsonl$/);
    const [text, home] = [readFileSync(`${s.remote}/${file}`, 'utf8'), `${s.dir}/theirs`];
    expect(text).not.toContain(s.source);
    const theirs = async (...args: readonly string[]): Promise<string> => {
      const { stdout, stderr } = endedWith(0, await runReference([...args, '--no-encryption'], { home, cwd: s.dir }));
      return stdout + stderr;
    };
    expect(await theirs('collection-status', s.url)).toContain('No orphaned or incomplete backup sets found.');
    put(s.source, { note: 'of their night' }, timeOfSet(1));
    await theirs('incremental', '--current-time', String(timeOfSet(2)), s.source, s.url);
    await theirs('cleanup', '--force', s.url);
    await theirs('verify', s.url, s.source);
    expect(names(s.remote)).toContain(file);
    const { stdout, stderr } = await good(['collection-status', '--ledger', s.url]);
    expect(stdout + stderr).not.toContain(ALARM);
  });
});

test('a set that vanished is one warning in every action, names what is gone, and with --strict ends it with 105', async () => {
  const s = await two([]);
  for (const name of names(s.remote)) if (/inc|new/.test(name)) rmSync(`${s.remote}/${name}`);
  const run = (...args: readonly string[]) => runDuplicity([...PLAIN, ...args]);
  for (const args of [
    ['collection-status', s.url],
    ['list-current-files', s.url],
    ['remove-all-but-n-full', '1', s.url],
  ]) {
    const { stdout, stderr } = endedWith(0, await run(...args));
    expect((stdout + stderr).split(ALARM)).toHaveLength(2);
    expect(stdout + stderr).toMatch(
      /left: the incremental backup of Wed Nov 15 \S+ 2023 has vanished\.\n.*--forget-missing/,
    );
    const strict = await run('--strict', ...args);
    expect([strict.status, strict.stderr.includes(ALARM)]).toEqual([105, true]);
  }
  const { stdout } = endedWith(0, await run('collection-status', '--forget-missing', s.url));
  expect(stdout).toContain('Taken as meant: 1 change of the storage.');
  endedWith(0, await run('--strict', 'collection-status', s.url));
});
