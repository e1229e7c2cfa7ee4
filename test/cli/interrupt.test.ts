import { existsSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { heard } from '../support/heard.ts';
import { testHome } from '../support/home.ts';
import type { Running } from '../support/processes.ts';
import { startDuplicity } from '../support/run.ts';
import {
  backUp,
  faults,
  good,
  names,
  noise,
  PLAIN,
  put,
  restoredTree,
  type Scene,
  scene,
  treeOf,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: noise(2_500_000), b: 'b' });
});

function backingUp(k: number, rule: object, args: readonly string[] = []): Running {
  const time = ['--current-time', String(timeOfSet(k))];
  return startDuplicity([...PLAIN, '-v5', '--volsize', '1', ...time, ...args, s.source, s.url], faults(rule));
}

/** Names that say that something is there to be restored. */
const visible = (): readonly string[] => names(s.remote).filter((name) => /manifest|sigtar/.test(name));

const archiveDir = (): string => {
  const root = `${testHome()}/.cache/duplicity`;
  return `${root}/${names(root)[0]}`;
};

test.each<readonly [string, readonly string[]]>([
  ['in the middle of an upload', ['--concurrency', '0']],
  ['in the middle of an upload in the background', ['--concurrency', '1']],
])('Ctrl-C %s ends a backup with 4, nothing half is visible, and the next run is fine', async (_when, args) => {
  await backUp(s, 0);
  const before = visible();
  const tree = treeOf(s.source);
  put(s.source, { a: noise(2_500_000, 2) }, timeOfSet(0));
  const running = backingUp(1, { op: 'put', match: '.vol2.', do: 'delay', ms: 600_000 }, args);
  await heard(running, 'Uploading duplicity-inc.20231114T221320Z.to.20231115T221320Z.vol2.');
  running.child.kill('SIGINT');
  const { status, stdout, stderr } = await running.result;
  expect([status, stderr]).toEqual([4, '']);
  expect(stdout).toMatch(/\nINT intercepted\.\.\.exiting\.\n$/);
  expect(visible()).toEqual(before);
  expect(names(`${testHome()}/tmp`)).toEqual([]);
  expect(existsSync(`${archiveDir()}/lockfile`)).toBe(false);
  expect(await restoredTree(s, 1)).toEqual(tree);
  const next = await backUp(s, 2);
  expect(next.stdout).toContain('Last inc backup left a partial set, restarting.\n');
  expect(await restoredTree(s, 2)).toEqual(treeOf(s.source));
  expect((await good(['cleanup', s.url])).stdout).toContain('nothing deleted in cleanup');
});

test('Ctrl-C before the first volume is there leaves nothing', async () => {
  const running = backingUp(0, { op: 'list', do: 'delay', ms: 600_000 });
  await heard(running, 'DUPLICITY_TEST_FAULTS is set');
  running.child.kill('SIGINT');
  expect((await running.result).status).toBe(4);
  expect(names(s.remote)).toEqual([]);
  expect(names(archiveDir())).toEqual([]);
  expect(names(`${testHome()}/tmp`)).toEqual([]);
});

test('Ctrl-C ends a restore, and no file is half there', async () => {
  await backUp(s, 0, ['--volsize', '1']);
  const target = `${s.dir}/out`;
  const running = startDuplicity(
    [...PLAIN, '-v5', s.url, target],
    faults({ op: 'get', match: '.vol2.', do: 'delay', ms: 600_000 }),
  );
  await heard(running, 'Processed volume 1 of 3');
  running.child.kill('SIGINT');
  expect((await running.result).status).toBe(4);
  expect(names(target)).toEqual([]);
  expect(names(`${testHome()}/tmp`)).toEqual([]);
  await good(['--force', s.url, target]);
  expect(treeOf(target)).toEqual(treeOf(s.source));
});

test.each([
  ['SIGTERM', 143, 'TERM'],
  ['SIGHUP', 129, 'HUP'],
] as const)('%s ends a run in order as well, with %i', async (signal, expected, name) => {
  const running = backingUp(0, { op: 'put', match: '.vol2.', do: 'delay', ms: 600_000 });
  await heard(running, 'Uploading duplicity-full.20231114T221320Z.vol2.');
  running.child.kill(signal);
  const { status, stdout, stderr } = await running.result;
  expect([status, stderr]).toEqual([expected, '']);
  expect(stdout).toContain(`\n${name} intercepted...exiting.\n`);
  expect(visible()).toEqual([]);
  expect(names(`${testHome()}/tmp`)).toEqual([]);
  expect(names(archiveDir()).filter((name) => !/\.part(\.json)?$/.test(name))).toEqual([]);
});

test('a run that is killed leaves its temporary files, and the next run cleans up behind it', async () => {
  // The volume before has arrived.
  const inLine = ['--concurrency', '0'];
  const running = backingUp(0, { op: 'put', match: '.vol2.', do: 'delay', ms: 600_000 }, inLine);
  await heard(running, 'Uploading duplicity-full.20231114T221320Z.vol2.');
  running.child.kill('SIGKILL');
  expect(await running.result).toMatchObject({ status: null, signal: 'SIGKILL' });
  expect(visible()).toEqual([]);
  expect(names(`${testHome()}/tmp`)).toHaveLength(1);
  const next = await backUp(s, 1);
  expect(names(`${testHome()}/tmp`)).toEqual([]);
  expect(next.stdout).toContain('Last full backup left a partial set, restarting.\n');
  expect(await restoredTree(s, 1)).toEqual(treeOf(s.source));
  expect(names(archiveDir()).filter((name) => /tempdir|part|lock|resume/.test(name))).toEqual([]);
  expect(names(s.remote)).toContain('duplicity-full.20231114T221320Z.manifest');
});

test.runIf(requireTool('gpg'))('Ctrl-C while gpg works ends both', async () => {
  const running = startDuplicity(['-v5', '--volsize', '1', s.source, s.url], {
    env: {
      PASSPHRASE: 'x',
      ...faults({ op: 'put', match: '.vol1.', do: 'delay', ms: 600_000 }).env,
    },
  });
  await heard(running, 'Uploading duplicity-full');
  running.child.kill('SIGINT');
  expect((await running.result).status).toBe(4);
  expect(names(`${testHome()}/tmp`)).toEqual([]);
});
