import { closeSync, mkdirSync, openSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { runRestore } from '../../src/cli/run/restore.ts';
import { runVerify } from '../../src/cli/run/verify.ts';
import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { act, backUp as backUpInProcess, type Machine } from '../support/in-process.ts';
import { startDuplicity } from '../support/run.ts';
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
  treeOf,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { requireMount, tmpfs } from '../support/tmpfs.ts';

const MIB = 1024 * 1024;

let s: Scene;
beforeEach(() => {
  s = scene();
});

function manyFiles(name: (i: number) => string): void {
  for (let i = 0; i < 1500; i++) writeFileSync(`${s.source}/${name(i)}`, 'x');
}

function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096));
  } catch {
    // Full.
  } finally {
    closeSync(fd);
  }
}

/** A machine with the source of the scene whose temporary directory lies on that disk. */
function machineIn(dir: string): Machine {
  mkdirSync(`${dir}/tmp`);
  return { dir, source: s.source, archive: `${s.dir}/archive` };
}

const disk = (bytes: number): string => tmpfs(bytes) ?? '';

describe.runIf(requireMount())('a disk that is full', () => {
  test('on the remote is 53; the sets before stay whole, and with room it goes on', async () => {
    const small = disk(3 * MIB);
    const place: Scene = { ...s, remote: `${small}/r`, url: `file://${small}/r` };
    put(s.source, { a: noise(MIB), b: 'b' });
    const first = treeOf(s.source);
    await backUp(place, 0, ['--volsize', '1']);
    const before = names(place.remote);
    put(s.source, { c: noise(4 * MIB, 2) }, timeOfSet(0));
    const args = [...PLAIN, '--volsize', '1', '--current-time', String(timeOfSet(1)), s.source, place.url];
    const result = await duplicity(args);
    expect(result.status).toBe(53);
    expect(result.stderr).toMatch(/^Giving up after 1 attempts\. OSError: .*No space left on device \(ENOSPC\)\n/);
    expect(result.records.find(({ level }) => level === 'ERROR')).toMatchObject({
      code: 53,
      fields: expect.stringMatching(/^put /),
    });
    expect(await restoredTree(place, 1)).toEqual(first);
    // What is asked for helps, although nothing more fits.
    await good(['cleanup', '--force', place.url]);
    expect(names(place.remote)).toEqual(before);
    put(s.source, { c: 'small' }, timeOfSet(1));
    await backUp(place, 2);
    expect(await restoredTree(place, 2)).toEqual(treeOf(s.source));
  });

  test('in the archive dir is 9 and names it; nothing is visible, and with room it goes on', async () => {
    manyFiles((i) => `${i}`);
    const archive = ['--archive-dir', disk(300_000)];
    const result = await duplicity([...PLAIN, ...archive, s.source, s.url]);
    expect(result.status).toBe(9);
    expect(result.stderr).toMatch(/^The archive dir \S+ cannot be written: no space left on the device\.\n/);
    expect(names(s.remote).filter((name) => !name.includes('.vol'))).toEqual([]);
    await backUp(s, 1);
    expect(await restoredTree(s, 1)).toEqual(treeOf(s.source));
  });

  test('in the archive dir keeps a restore from fetching its metadata', async () => {
    manyFiles((i) => `${i}${noise(20, i).toString('hex')}`);
    await backUp(s, 0);
    const result = await duplicity([...PLAIN, '--archive-dir', disk(65_536), s.url, `${s.dir}/out`]);
    expect(result.status).toBe(9);
    expect(result.stderr).toMatch(/^The archive dir \S+ cannot be written: no space left on the device\.\n/);
    expect(names(s.dir)).not.toContain('out');
  });

  test('in the temporary directory is one sentence with the number front ends look for', async () => {
    put(s.source, { a: noise(3 * MIB) });
    const small = disk(2 * MIB);
    // There is room when the run begins; it is used up while the remote takes its time.
    const args = ['-v5', '--tempdir', small, '--volsize', '1', s.source, s.url];
    const running = startDuplicity([...PLAIN, ...args], faults({ op: 'list', do: 'delay', ms: 2000 }));
    running.child.stdout.on('data', (part: Buffer) => {
      if (part.toString().includes('Temp has')) fill(`${small}/filler`);
    });
    const { status, stderr } = await running.result;
    expect(status).toBe(30);
    expect(stderr).toMatch(/^Cannot (write|create) \S+: \[Errno 28\] No space left on device\n.*--tempdir\.\n$/);
    expect(names(small)).toEqual(['filler']);
    expect(names(s.remote)).toEqual([]);
    await backUp(s, 1);
    expect(await restoredTree(s, 1)).toEqual(treeOf(s.source));
  });

  test('in the temporary directory of a restore too, and no file is half there', async () => {
    // More than what is patched in memory.
    const big = noise(34 * MIB);
    put(s.source, { a: 'a', big });
    await backUp(s, 0);
    put(s.source, { big: Buffer.concat([Buffer.from('!'), big]) }, timeOfSet(0));
    await backUp(s, 1);
    const small = disk(2 * MIB);
    const args = ['--tempdir', small, '--volsize', '1'];
    const result = await duplicity([...PLAIN, ...args, s.url, `${s.dir}/out`]);
    expect(result.status).toBe(30);
    expect(result.stderr).toMatch(/^Cannot write \S+basis: \[Errno 28\] No space left on device\n/);
    expect(names(`${s.dir}/out`)).toEqual(['a']);
    expect(names(small)).toEqual([]);
    expect(await restoredTree(s, 1)).toEqual(treeOf(s.source));
  });

  test('or nearly, in the temporary directory, is measured by the largest volume that has to be fetched', async () => {
    const memory = memoryBackend();
    put(s.source, { a: noise(1.5 * MIB) });
    await backUpInProcess(machineIn(disk(8 * MIB)), memory, 0, { volsize: MIB });
    const target = bytePath(`${s.dir}/out`);
    const restoring = (bytes: number) =>
      act(machineIn(disk(bytes)), memory, 1, {}, (at) => runRestore(at, at.settings, { target }));
    const verifying = (bytes: number) =>
      act(machineIn(disk(bytes)), memory, 1, {}, (at) => runVerify(at, at.settings, { target: bytePath(s.source) }));
    for (const [run, word] of [
      [restoring, 'restore'],
      [verifying, 'verify'],
    ] as const) {
      await expect(run(600_000)).rejects.toMatchObject({
        code: 'NOT_ENOUGH_FREESPACE',
        message: expect.stringMatching(`^Temp space has \\d+ available, ${word} needs approx 1[01]\\d{5}\\.$`),
        hint: expect.not.stringContaining('--volsize'),
      });
    }
    // The usual volume would not fit, but there is none.
    await restoring(8 * MIB);
    await verifying(8 * MIB);
    expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
  });

  test('at the target of a restore ends it at once with 101 and one sentence, and leaves no half file', async () => {
    put(s.source, { a: 'a', big: noise(3 * MIB) });
    manyFiles((i) => `many ${i}`);
    await backUp(s, 0);
    const small = disk(2 * MIB);
    const result = await duplicity([...PLAIN, s.url, `${small}/out`]);
    expect(result.status).toBe(101);
    expect(result.stderr).toMatch(
      /^The restore is incomplete: \S+\/out takes no more, no space is left \(ENOSPC: .*\)\.\n/,
    );
    expect(result.stdout).not.toContain('many');
    expect(names(`${small}/out`)).toEqual(['a']);
  });

  test('at the target of a restore costs only the files that do not fit, with --ignore-errors', async () => {
    put(s.source, { a: 'a', big: noise(3 * MIB), z: 'z' });
    await backUp(s, 0);
    const small = disk(2 * MIB);
    const result = await duplicity([...PLAIN, '--ignore-errors', s.url, `${small}/out`]);
    expect(result.status).toBe(101);
    expect(result.stdout).toMatch(/^Error 'ENOSPC: .*' processing big$/m);
    expect(names(`${small}/out`)).toEqual(['a', 'z']);
    expect(statfsSync(small).bavail).toBeGreaterThan(0);
  });
});
