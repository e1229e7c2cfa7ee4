import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { takeLock } from '../../src/cache/lock/lock.ts';
import { defaultName } from '../../src/cache/archive-dir.ts';
import { openStore } from '../../src/index.ts';
import { isolatedEnv, testHome } from '../support/home.ts';
import { listing, type Listed } from '../support/listing.ts';
import { root } from '../support/paths.ts';
import { run, succeeded } from '../support/processes.ts';
import { gpgEnv, MODES, other, perform, PROGRAMS } from '../support/programs.ts';
import {
  backUp,
  duplicity,
  faults,
  good,
  names,
  noise,
  PLAIN,
  put,
  restoredTree,
  type Scene,
  scene,
} from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

/** The second place. */
const second = (s: Scene): Scene => ({ ...s, remote: `${s.dir}/second`, url: `file://${s.dir}/second` });
const bytesOf = ({ remote }: Scene): readonly (readonly [string, string])[] =>
  names(remote).map((name) => [name, readFileSync(`${remote}/${name}`, 'base64')] as const);
/** Neither archive dir nor passphrase. */
const elsewhere = (): { readonly home: string } => ({ home: tempDir() });

describe.runIf(requireReference())('an encrypted backup that both programs have written', () => {
  const { writing, reading } = MODES.symmetric;
  const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];
  let s: Scene;
  let there: Scene;
  const env = gpgEnv('');
  const trees: Listed[][] = [];

  function change(k: number): void {
    put(s.source, { large: noise(1_200_000 + k * 1000, k % 2), [`new ${k}`]: `new ${k}` }, timeOfSet(k - 1));
    trees[k] = listing(s.source);
  }

  beforeAll(async () => {
    s = scene();
    there = second(s);
    for (const [k, program] of PROGRAMS.entries()) {
      change(k);
      const words = [...at(k), '--volsize', '1', ...writing, s.source, s.url];
      await perform(program, words, { home: `${s.dir}/${program}`, env });
    }
  });

  test('is mirrored without key and passphrase, and without asking', async () => {
    const { stdout } = await good(['mirror', s.url, there.url], elsewhere());
    expect(bytesOf(there)).toEqual(bytesOf(s));
    expect(names(s.remote).filter((name) => name.includes('.vol')).length).toBeGreaterThan(3);
    expect(stdout).toContain('the hashes of 0 volumes checked');
  });

  test('is checked on its way by the manifests in the archive dir', async () => {
    const home = `${s.dir}/ours`;
    const copy = { ...there, remote: `${s.dir}/checked`, url: `file://${s.dir}/checked` };
    const { stdout } = await good(['mirror', s.url, copy.url], { home });
    expect(stdout).toMatch(/the hashes of [1-9]\d* volumes checked/);
  });

  test.each(PROGRAMS)('comes back from the second place, and is continued there by %s', async (program) => {
    const home = { home: tempDir(s.dir), env };
    const k = PROGRAMS.indexOf(program) + 2;
    change(k);
    await perform(
      program,
      ['incremental', ...at(k), '--volsize', '1', ...writing, '--allow-source-mismatch', s.source, there.url],
      home,
    );
    for (const [at, tree] of trees.entries()) {
      const target = `${tempDir(s.dir)}/out`;
      const words = ['restore', '--time', String(timeOfSet(at)), ...reading, there.url, target];
      await perform(at === k ? other(program) : program, words, home);
      expect(listing(target)).toEqual(tree);
    }
  });

  test('is brought back to the first place, which was away', async () => {
    await good(['mirror', there.url, s.url], elsewhere());
    expect(bytesOf(s)).toEqual(bytesOf(there));
  });
});

describe('a mirror', () => {
  let made: Scene;
  let s: Scene;
  let there: Scene;
  beforeAll(async () => {
    made = scene();
    for (const k of [0, 1]) {
      put(made.source, { large: noise(2_300_000, k), [`new${k}`]: String(k) }, timeOfSet(k - 1));
      await backUp(made, k, ['--volsize', '1']);
    }
  });
  beforeEach(() => {
    s = scene();
    there = second(s);
    cpSync(made.source, s.source, { recursive: true, preserveTimestamps: true });
    cpSync(made.remote, s.remote, { recursive: true });
  });

  test('that is killed shows no set that is not whole, goes on, and thins what is gone', async () => {
    const killed = await duplicity(
      [...PLAIN, 'mirror', s.url, there.url],
      faults({ op: 'put', match: '.vol2.', do: 'kill' }),
    );
    expect(killed.signal).toBe('SIGKILL');
    expect(names(there.remote).filter((name) => name.endsWith('.manifest'))).toEqual([]);
    const { stdout } = await good(['mirror', '-v5', s.url, there.url]);
    expect(stdout).not.toMatch(/Uploading duplicity-full\S*\.vol1\./);
    expect(bytesOf(there)).toEqual(bytesOf(s));
    for (const k of [0, 1]) expect(await restoredTree(there, k)).toEqual(await restoredTree(s, k));

    put(s.source, { large: 'small' }, timeOfSet(1));
    await backUp(s, 2, ['full', '--allow-source-mismatch']);
    await good(['mirror', s.url, there.url]);
    await good(['remove-all-but-n-full', '1', '--force', s.url]);
    const stopped = await duplicity(
      [...PLAIN, 'mirror', '--delete', s.url, there.url],
      faults({ op: 'delete', match: '.vol1.', do: 'kill' }),
    );
    expect(stopped.signal).toBe('SIGKILL');
    expect(await restoredTree(there, 2)).toEqual(await restoredTree(s, 2));
    await good(['mirror', '--delete', s.url, there.url]);
    expect(bytesOf(there)).toEqual(bytesOf(s));
  });

  test('shows its plan, and tells what it did, also as JSON', async () => {
    const planned = await good(['mirror', '--dry-run', s.url, there.url]);
    for (const [name, content] of bytesOf(s)) {
      expect(planned.stdout).toContain(`Would copy ${name} (${Buffer.from(content, 'base64').length} bytes).`);
    }
    expect(names(there.remote)).toEqual([]);
    const { stdout } = await good(['mirror', '--json', '--progress', '--progress-rate', '1', s.url, there.url]);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-1)).toMatchObject({
      type: 'result',
      action: 'mirror',
      exitStatus: 0,
      result: {
        found: 2,
        copied: [
          { kind: 'full', files: 5, verified: 3 },
          { kind: 'inc', verified: 3 },
        ],
        onlyThere: [],
        deleted: [],
        isPlanned: false,
      },
    });
    expect(lines.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({ percent: 100 });
  });

  test('is kept off by another one to the same place, and keeps no backup of its source off', async () => {
    const archive = `${testHome()}/.cache/duplicity/${defaultName(there.url)}`;
    mkdirSync(archive, { recursive: true });
    using lock = await takeLock(archive);
    for (const name of [[], ['--name', 'mine']]) {
      expect((await duplicity([...PLAIN, ...name, 'mirror', s.url, there.url])).status).toBe(23);
    }
    await backUp(s, 2, ['--allow-source-mismatch']);
    lock.release();
    await good(['mirror', s.url, there.url]);
    expect(bytesOf(there)).toEqual(bytesOf(s));
  });

  test('replaces copies in the archive dir of the other place that are no longer true', async () => {
    const home = testHome();
    await good(['replicate', '--compression-level', '1', s.url, there.url], { home });
    await good(['verify', there.url, s.source], { home });
    await good(['mirror', s.url, there.url], { home });
    expect(bytesOf(there)).toEqual(bytesOf(s));
    await good(['verify', there.url, s.source], { home });
  });

  test('of a place to itself, or of one that is not there, is refused', async () => {
    const same = await duplicity([...PLAIN, 'mirror', s.url, s.url]);
    expect([same.status, same.stderr]).toEqual([2, expect.stringContaining('Both URLs are the same') as string]);
    const absent = await duplicity([...PLAIN, 'mirror', '--delete', `${s.url}-gone`, s.url]);
    expect([absent.status, absent.stderr]).toEqual([52, expect.stringContaining('does not exist') as string]);
    rmSync(s.remote, { recursive: true });
    mkdirSync(s.remote);
    writeFileSync(`${s.remote}/letter.txt`, 'x');
    const empty = await duplicity([...PLAIN, 'mirror', '--delete', '--force', s.url, there.url]);
    expect([empty.status, empty.stderr]).toEqual([52, expect.stringContaining('nothing is deleted') as string]);
  });

  test('is a call of the library', async () => {
    const archiveDir = tempDir();
    await using store = await openStore(s.url, { archiveDir, encryption: false });
    const planned = await store.mirror({ to: there.url, dryRun: true });
    expect([planned.isPlanned, planned.copied.length, names(there.remote)]).toEqual([true, 2, []]);
    const { copied } = await store.mirror({ to: there.url });
    expect(copied.map(({ type }) => type)).toEqual(['full', 'inc']);
    expect(await store.mirror({ to: there.url, deletes: true })).toMatchObject({ found: 2, copied: [], deleted: [] });
    expect(bytesOf(there)).toEqual(bytesOf(s));
    using lock = await takeLock(`${archiveDir}/mirror-${defaultName(there.url)}`);
    void lock;
    await expect(store.mirror({ to: there.url })).rejects.toMatchObject({ code: 'USER_ERROR' });
  });
});

test('the example of the page about chains is what happens', async () => {
  const page = readFileSync(`${root}/docs/chains.md`, 'utf8');
  const [, script = ''] = /## A second place[^]*?```sh\n([^]*?)```/.exec(page) ?? [];
  expect(script).toContain('mirror');
  const dir = tempDir();
  const home = testHome();
  mkdirSync(`${home}/docs`);
  writeFileSync(`${home}/docs/letter.txt`, 'first line\n');
  mkdirSync(`${dir}/bin`);
  writeFileSync(`${dir}/bin/duplicity`, `#!/bin/sh\nexec '${root}/duplicity' "$@"\n`, { mode: 0o755 });
  const env = isolatedEnv(home, { PATH: `${dir}/bin:${process.env['PATH'] ?? ''}` });
  succeeded(await run('sh', ['-c', `set -e\n${script.replaceAll('/mnt/', `${dir}/`)}`], { env, cwd: dir }));
  expect(names(`${dir}/nas`)).toEqual(names(`${dir}/usb`));
  expect(readFileSync(`${dir}/restored/letter.txt`, 'utf8')).toBe('first line\n');
});
