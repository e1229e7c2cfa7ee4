import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { testHome } from '../support/home.ts';
import { startDuplicity } from '../support/run.ts';
import {
  backUp,
  duplicity,
  faults,
  names,
  noise,
  PLAIN,
  put,
  scene,
  type Outcome,
  type Scene,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** A run, on what `beforeAll` makes: an unencrypted full and an increment, and an encrypted full. */
type Run = () => Promise<Outcome>;

let plain: Scene;
let encrypted: Scene;
let home: string;

beforeAll(async () => {
  home = testHome();
  plain = scene();
  put(plain.source, { a: noise(1000), gone: 'x' });
  await backUp(plain, 0, [], { home });
  rmSync(`${plain.source}/gone`);
  put(plain.source, { a: noise(900), b: 'new' }, timeOfSet(0));
  await backUp(plain, 1, [], { home });
  encrypted = scene();
  put(encrypted.source, { a: 'secret' });
  endedWith(0, await duplicity([encrypted.source, encrypted.url], { home, env: { PASSPHRASE: 'right' } }));
});

const on = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  duplicity([...PLAIN, ...args], { home, env });

const RUNS = {
  version: () => duplicity(['--version'], { home }),
  'a first backup': () => {
    const s = scene();
    return on([s.source, s.url]);
  },
  'an increment': () => on(['--current-time', String(timeOfSet(2)), plain.source, plain.url]),
  status: () => on(['collection-status', plain.url]),
  'status of nothing': () => on(['collection-status', `${plain.url}-new`]),
  list: () => on(['list-current-files', plain.url]),
  verify: () => on(['verify', '--compare-data', plain.url, plain.source]),
  'verify of something else': () => on(['verify', '--compare-data', plain.url, encrypted.source]),
  'remove-older-than': () => on(['remove-older-than', String(timeOfSet(-9)), plain.url]),
  cleanup: () => on(['cleanup', plain.url]),
  'a restore of what is not there': () => on(['--file-to-restore', 'nope', plain.url, `${plain.dir}/nope`]),
  'a restore into a directory in use': () => on([plain.url, plain.source]),
  'a restore of a damaged volume': async () => {
    const damaged = scene();
    put(damaged.source, { a: 'one' });
    await backUp(damaged, 0, [], { home });
    const volume = names(damaged.remote).find((name) => name.includes('.vol1.')) ?? '';
    writeFileSync(`${damaged.remote}/${volume}`, 'damaged');
    return on(['--ignore-errors', damaged.url, `${damaged.dir}/out`]);
  },
  'a remote that fails': () =>
    duplicity([...PLAIN, '--num-retries', '2', 'collection-status', plain.url], {
      home,
      ...faults({ op: 'list', do: 'error' }),
    }),
  'a second run': async () => {
    const held = faults({ op: 'list', do: 'wait', until: 'never' });
    const words = [...PLAIN, '--name', 'busy', 'collection-status', plain.url];
    const first = startDuplicity(words, { home, ...held });
    const lockfile = `${home}/.cache/duplicity/busy/lockfile`;
    // Its holder writes into it.
    await vi.waitUntil(() => existsSync(lockfile) && statSync(lockfile).size > 0, { timeout: 60_000 });
    const second = await on(['--name', 'busy', 'collection-status', plain.url]);
    first.child.kill('SIGKILL');
    await first.result;
    // A lock does not outlive its process, whatever that left.
    endedWith(0, await on(['--name', 'busy', 'collection-status', plain.url]));
    return second;
  },
  'a wrong passphrase': () =>
    duplicity([encrypted.url, `${encrypted.dir}/out`], { home, env: { PASSPHRASE: 'wrong' } }),
} satisfies Readonly<Record<string, Run>>;

const DATE = String.raw`\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}`;
const RULE = '-'.repeat(25);

/** What scripts and front ends look for, and a run that has to say it. They stay as they are, whatever it is they say. */
const PARSED: readonly (readonly [keyof typeof RUNS, 'stdout' | 'stderr', RegExp])[] = [
  ['version', 'stdout', new RegExp(`^duplicity ${version.replaceAll('.', String.raw`\.`)}\n$`)],
  ['a first backup', 'stdout', /^Last full backup date: none$/m],
  ['a first backup', 'stdout', /^No signatures found, switching to full backup\.$/m],
  ['a first backup', 'stdout', /^Local and Remote metadata are synchronized, no sync needed\.$/m],
  ['an increment', 'stdout', new RegExp(`^Last full backup date: ${DATE}$`, 'm')],
  ['an increment', 'stdout', /^-{14}\[ Backup Statistics \]-{14}$/m],
  ['an increment', 'stdout', new RegExp(String.raw`^StartTime \d+\.\d\d \(${DATE}\)$`, 'm')],
  ['an increment', 'stdout', /^SourceFileSize \d+ \(.*\)$/m],
  ['an increment', 'stdout', /^Errors 0$/m],
  ['status', 'stdout', /^Collection Status$/m],
  ['status', 'stdout', /^Found primary backup chain with matching signature chain:$/m],
  ['status', 'stdout', new RegExp(`^Chain start time: ${DATE}$`, 'm')],
  ['status', 'stdout', new RegExp(`^Chain end time: ${DATE}$`, 'm')],
  ['status', 'stdout', /^Number of contained backup sets: \d+$/m],
  ['status', 'stdout', /^Total number of contained volumes: \d+$/m],
  ['status', 'stdout', /^ Type of backup set: {28}Time: {6}Num volumes:$/m],
  ['status', 'stdout', new RegExp(`^ {16}Full {9}${DATE} +1$`, 'm')],
  ['status', 'stdout', new RegExp(`^ {9}Incremental {9}${DATE} +1$`, 'm')],
  ['status', 'stdout', new RegExp(`^${RULE}$`, 'm')],
  ['status', 'stdout', /^No orphaned or incomplete backup sets found\.$/m],
  ['status of nothing', 'stdout', /^No backup chains with active signatures found$/m],
  ['list', 'stdout', new RegExp(`^${DATE} \\.\n${DATE} a\n${DATE} b\n`, 'm')],
  ['verify', 'stdout', /^Verify complete: 3 files compared, 0 differences found\.$/m],
  ['verify of something else', 'stdout', /^Difference found: ./m],
  ['remove-older-than', 'stdout', /^No old backup sets found, nothing deleted\.$/m],
  ['cleanup', 'stdout', /^No extraneous files found, nothing deleted in cleanup\.$/m],
  ['a restore of what is not there', 'stderr', /^nope not found in archive/m],
  ['a restore into a directory in use', 'stderr', /^Restore destination directory .* already exists/m],
  ['a restore of a damaged volume', 'stdout', /IGNORED_ERROR/],
  ['a remote that fails', 'stderr', /^Giving up after 2 attempts\./m],
  ['a second run', 'stderr', /^Another duplicity instance is already running with this archive directory$/m],
  ['a second run', 'stderr', /^It is process \d+ on \S+, for \d+ s\. Wait for it to end, or use another --name\.$/m],
  ['a wrong passphrase', 'stderr', /===== Begin GnuPG log =====\n[^]*Bad session key[^]*\n===== End GnuPG log =====/],
];

const outcomes = new Map<string, Promise<Outcome>>();

describe('what others look for in the output', () => {
  test.each(PARSED)('%s, %s: %s', async (name, stream, pattern) => {
    const outcome = outcomes.get(name) ?? RUNS[name]();
    outcomes.set(name, outcome);
    expect((await outcome)[stream]).toMatch(pattern);
  });
});
