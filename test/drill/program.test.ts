import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { runExample } from '../support/example.ts';
import { gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { errorOf, json, resultOf } from '../support/json.ts';
import { runDuplicity } from '../support/run.ts';
import { backUp, names, noise, PLAIN, put, type Scene, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

/** A full backup and an increment. */
async function stored(options: readonly string[] = []): Promise<Scene> {
  const s = scene();
  for (const k of [0, 1]) {
    put(s.source, { big: noise(1_200_000, k + 1), note: `state ${k}` }, timeOfSet(k - 1));
    await backUp(s, k, ['--volsize', '1', '--archive-dir', `${s.dir}/cache`, '--name', 'n', ...options]);
  }
  return s;
}

const drillOf = (s: Scene, ...more: readonly string[]): readonly string[] => [
  'drill',
  '--backend-retry-delay',
  '0',
  '--archive-dir',
  `${s.dir}/cache`,
  '--name',
  'n',
  ...more,
];

const recordsOf = (s: Scene): readonly Readonly<Record<string, unknown>>[] =>
  readFileSync(`${s.dir}/cache/n/drills.jsonl`, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

test('it ends with 107 when a set is gone, tells that as JSON, writes both down, and leaves nothing', async () => {
  const s = await stored();
  const tmp = `${s.dir}/tmp`;
  put(tmp, {});
  const words = [...drillOf(s, '--no-encryption', '--seed', '4'), s.url, s.source];
  const around = { env: { TMPDIR: s.dir } };
  const passed = resultOf(await json(words, around), 'drill').result;
  expect(passed).toMatchObject({
    isPassed: true,
    expectedBy: 'ledger',
    seed: 4,
    files: { restored: 2, asInSource: 2 },
  });
  for (const name of names(s.remote)) if (/inc|new/.test(name)) rmSync(`${s.remote}/${name}`);
  const failed = errorOf(await json(words, around));
  expect(failed).toMatchObject({ code: 'DRILL_FAILED', exitStatus: 107, result: { isPassed: false } });
  expect(recordsOf(s)).toMatchObject([
    { passed: true, set: expect.stringMatching(/^inc /), files: 2 },
    { passed: false, failure: expect.stringContaining('has vanished') },
  ]);
  const status = await json(['collection-status', '--archive-dir', `${s.dir}/cache`, '--name', 'n', s.url], around);
  expect(status.last).toMatchObject({ type: 'result', result: { lastDrill: { isPassed: false } } });
  expect(readdirSync(s.dir).filter((name) => name.startsWith('duplicity-'))).toEqual([]);
  expect(names(`${s.dir}/cache/n`).filter((name) => name.includes('.part') || name.includes('temp'))).toEqual([]);
});

describe.runIf(requireTool('gpg'))('encrypted to a key', () => {
  test('the keyring and the passphrase open it, and what the agent remembers does not', async () => {
    const home = gnupgHome('rsa');
    const keys = ['--encrypt-key', RSA_KEY, '--gpg-options', '--trust-model always'];
    const s = scene();
    const open = { GNUPGHOME: home, PASSPHRASE };
    const run = (args: readonly string[], env: Readonly<Record<string, string>>) =>
      runDuplicity(args, { env, home: `${s.dir}/home` });
    put(s.source, { a: 'one' });
    const place = ['--archive-dir', `${s.dir}/cache`, '--name', 'n', ...keys];
    endedWith(0, await run(['full', ...place, s.source, s.url], open));
    const list = (target: string, more: readonly string[], env: Readonly<Record<string, string>>) =>
      run(['restore', '--archive-dir', `${s.dir}/${target}`, ...keys, ...more, s.url, `${s.dir}/${target}.out`], env);
    endedWith(0, await list('first', [], open));
    // The agent knows it by now.
    endedWith(0, await list('second', ['--use-agent'], { GNUPGHOME: home }));
    expect((await run([...drillOf(s, ...keys, '--use-agent'), s.url], { GNUPGHOME: home })).status).toBe(107);
    expect(endedWith(0, await run([...drillOf(s, ...keys), s.url], open)).stdout).toContain('The drill passed');
    const named = [...drillOf(s, ...keys, '--gpg-options', `--homedir ${home}`), s.url];
    expect(endedWith(0, await run(named, { PASSPHRASE })).stdout).toContain('The drill passed');
    expect((await run([...drillOf(s, ...keys), s.url], { ...open, PASSPHRASE: 'wrong' })).status).toBe(107);
    expect((await run([...drillOf(s, ...keys), s.url], { ...open, GNUPGHOME: gnupgHome('public') })).status).toBe(107);
  });
});

test('an archive dir that cannot be written is no hindrance; that nothing is written down is told', async () => {
  const s = await stored();
  put(s.dir, { file: 'no directory' });
  const words = ['drill', ...PLAIN, '--archive-dir', `${s.dir}/file`, '--expect-after', String(timeOfSet(1)), s.url];
  const { stdout } = endedWith(0, await runDuplicity(words));
  expect(stdout).toContain('The drill is not written down: The archive dir');
  expect(stdout).toContain('The drill passed');
  expect((await runDuplicity([...PLAIN, 'drill', '--archive-dir', `${s.dir}/none`, s.url])).status).toBe(107);
});

test('the example of docs/trust.md is what happens', async () => {
  expect(await runExample('docs/trust.md')).toMatchObject({ steps: 3 });
});
