import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { drill, type DrillOptions } from '../../src/actions/drill/drill.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import type { DrillReport } from '../../src/actions/drill/report.ts';
import { encodingOf } from '../../src/cli/engine-options.ts';
import { defaultSettings, type Settings } from '../../src/cli/settings.ts';
import { openKeys } from '../../src/repository/keys.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { act, backUp, type Machine, machine } from '../support/in-process.ts';
import { randomBytes, seeded } from '../support/random.ts';
import { put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';
import { startSshd } from '../servers/sshd.ts';

interface Place {
  readonly on: Machine;
  readonly backend: MemoryBackend;
  readonly settings: Partial<Settings>;
  readonly env: Readonly<Record<string, string>>;
}

/** A full backup and two increments; the content of each crosses the borders of volumes. */
async function threeSets(settings: Partial<Settings> = {}, env: Place['env'] = {}, inner?: Backend): Promise<Place> {
  const on = { ...machine(), env };
  const backend = { ...memoryBackend(), ...inner };
  const random = seeded(7);
  const large = randomBytes(300_000, random);
  put(on.source, { 'dir/still': 'the same in all sets', empty: '' });
  for (const k of [0, 1, 2]) {
    randomBytes(3000, random).copy(large, 100_000 * k);
    put(on.source, { large, [`new${k}`]: randomBytes(150_000, random), note: `state ${k}` }, timeOfSet(k - 1));
    await backUp(on, backend, k, { volsize: 64 * 1024, ...settings });
  }
  return { on, backend, settings, env };
}

/** As the program does it: an archive dir of its own that knows the ledger and nothing else. */
async function drilled(
  { on, backend, settings, env }: Place,
  options: Partial<DrillOptions> = {},
  {
    secrets = env,
    k = 3,
    knows = true,
    more = {},
  }: { secrets?: Place['env']; k?: number; knows?: boolean; more?: Partial<Settings> } = {},
): Promise<DrillReport> {
  const archive = `${on.dir}/drill`;
  rmSync(archive, { recursive: true, force: true });
  mkdirSync(archive);
  if (knows) cpSync(`${on.archive}/ledger.jsonl`, `${archive}/ledger.jsonl`);
  const answers: DrillReport[] = [];
  await act({ ...on, archive, env: secrets }, backend, k, { ...settings, ...more, strict: true }, async (session) => {
    const keys = openKeys({
      encoding: encodingOf({ ...defaultSettings(), noEncryption: true, ...settings }),
      action: 'restore',
      env: secrets,
      emit: session.emit,
      ask: () => Promise.reject(new Error('nobody is to be asked')),
    });
    answers.push(await drill({ ...session, keys }, { files: 20, bytes: 1e9, seed: 1, ...options }));
    return 0;
  });
  const [answer] = answers;
  if (answer === undefined) throw new Error('there is no answer');
  return answer;
}

const against = ({ on }: Place): Partial<DrillOptions> => ({ source: { path: bytePath(on.source) } });
const failuresOf = ({ failures }: DrillReport): string => failures.map(({ what }) => what).join('\n');

function namesOf({ backend }: Place, part: string): readonly string[] {
  return [...backend.files.keys()].filter((name) => name.includes(part)).toSorted();
}

/** All files of the newest set. */
function ofNewest(place: Place): readonly string[] {
  const stamp = /to\.(\w+Z)/.exec(namesOf(place, 'inc.').at(-1) ?? '')?.[1] ?? 'none';
  return namesOf(place, `to.${stamp}`);
}

describe.each([
  ['not encrypted', {}, {}],
  ['symmetrically encrypted', { noEncryption: false }, { PASSPHRASE: 'a passphrase' }],
] as const)('of a store that is %s', (_, settings, env) => {
  test('all is restored over three sets and compared with signatures and source, and nothing is left', async () => {
    const place = await threeSets(settings, env);
    const report = await drilled(place, against(place));
    expect(failuresOf(report)).toBe('');
    expect(report).toMatchObject({
      isPassed: true,
      set: { type: 'inc', end: timeOfSet(2) },
      expected: { by: 'ledger', time: timeOfSet(2) },
      age: 86_400,
      listing: { entries: 9 },
      files: { restored: 7, asSigned: 7, ofNewestSet: 3 },
    });
    expect(report.files.bytes).toBeGreaterThan(750_000);
    expect(report.toRestore).toBeGreaterThan(700_000);
    expect(report.restoreSeconds).toBeGreaterThan(0);
    expect(readdirSync(`${place.on.dir}/tmp`)).toEqual([]);
  });
});

test('with the wrong passphrase it fails, and with none', async () => {
  const place = await threeSets({ noEncryption: false }, { PASSPHRASE: 'a passphrase' });
  const report = await drilled(place, {}, { secrets: { PASSPHRASE: 'another' } });
  expect([report.isPassed, report.set]).toEqual([false, undefined]);
  expect(failuresOf(report)).toMatch(/passphrase|decrypt|key/i);
});

describe('it cannot pass', () => {
  test('when the newest set is gone', async () => {
    const place = await threeSets();
    for (const name of ofNewest(place)) place.backend.files.delete(name);
    expect(failuresOf(await drilled(place))).toMatch(/the incremental backup of Thu Nov 16 .* has vanished/);
  });

  test('on a copy of the store that was frozen before the last backup, also of a store that only the time is known of', async () => {
    const place = await threeSets();
    const frozen = new Map(place.backend.files);
    put(place.on.source, { late: 'late' }, timeOfSet(2));
    await backUp(place.on, place.backend, 3, {});
    place.backend.files.clear();
    for (const [name, bytes] of frozen) place.backend.files.set(name, bytes);
    expect(failuresOf(await drilled(place, {}, { k: 4 }))).toContain('has vanished');
    const later = { expectAfter: timeOfSet(3) };
    expect(failuresOf(await drilled(place, later, { k: 4, knows: false }))).toContain(
      'There is no backup since Fri Nov 17',
    );
    expect(failuresOf(await drilled(place, { expectAfter: timeOfSet(2) }, { k: 4, knows: false }))).toBe('');
    expect(failuresOf(await drilled(place, {}, { k: 4, knows: false }))).toContain(
      'Nothing tells which backup was made last',
    );
  });

  test('when a volume of the newest set, or of an older one, is cut or another', async () => {
    const place = await threeSets();
    for (const part of ['full', 'inc.']) {
      // Others hold directories only.
      const volumes = namesOf(place, part).filter((one) => (place.backend.files.get(one)?.length ?? 0) > 60_000);
      const name = volumes.at(-1) ?? '';
      const bytes = place.backend.files.get(name);
      if (bytes === undefined) throw new Error(`no such volume of ${part}`);
      place.backend.files.set(name, bytes.subarray(0, bytes.length / 2));
      expect((await drilled(place)).failures.length).toBeGreaterThan(0);
      place.backend.files.set(name, Buffer.concat([bytes, Buffer.alloc(1)]));
      expect(failuresOf(await drilled(place))).toContain('hash mismatch');
      place.backend.files.set(name, bytes);
    }
    expect(failuresOf(await drilled(place))).toBe('');
  });

  test('when the signatures of the newest set are gone, or those of another', async () => {
    const place = await threeSets();
    const [first = '', second = ''] = namesOf(place, 'new-signatures');
    const [was, other] = [place.backend.files.get(second), place.backend.files.get(first)];
    if (was === undefined || other === undefined) throw new Error('no signatures');
    place.backend.files.set(second, other);
    expect(failuresOf(await drilled(place))).toContain(`${second} is not the one that was stored`);
    place.backend.files.delete(second);
    expect(failuresOf(await drilled(place))).toContain('signatures');
    place.backend.files.set(second, was);
    expect(failuresOf(await drilled(place))).toBe('');
  });

  test('when a file is another in the source and has been since before the backup', async () => {
    const place = await threeSets();
    // Changed before the clock of the run that follows, which is the real one: so is the change time of files.
    const now = Math.ceil(Date.now() / 1000) + 3600;
    const k = (now - timeOfSet(0)) / 86_400;
    await backUp(place.on, place.backend, k, {});
    expect(failuresOf(await drilled(place, against(place), { k: k + 1 }))).toBe('');
    const { mtime } = { mtime: timeOfSet(-1) };
    writeFileSync(`${place.on.source}/dir/still`, 'the SAME in all sets');
    utimesSync(`${place.on.source}/dir/still`, mtime, mtime);
    const report = await drilled(place, against(place), { k: k + 1 });
    expect(failuresOf(report)).toContain('dir/still comes back as another file than it is');
    utimesSync(`${place.on.source}/note`, mtime, mtime);
    expect(failuresOf(await drilled(place, against(place), { k: k + 1 }))).toContain(
      'note is not in the backup as it has been',
    );
  });
});

test('what has changed in the source since the backup is left out of the comparison, and told', async () => {
  const place = await threeSets();
  writeFileSync(`${place.on.source}/note`, 'changed since');
  writeFileSync(`${place.on.source}/new0`, readFileSync(`${place.on.source}/new0`).fill(0, 0, 10));
  utimesSync(`${place.on.source}/new0`, timeOfSet(-1), timeOfSet(-1));
  renameSync(`${place.on.source}/new1`, `${place.on.source}/renamed`);
  const report = await drilled(place, against(place));
  expect(failuresOf(report)).toBe('');
  expect(report.files).toMatchObject({ restored: 7, asSigned: 7, asInSource: 4, changedSince: 3 });
});

test('the same seed chooses the same files, within the bytes that were asked for, and some of the newest set', async () => {
  const place = await threeSets();
  const small = { files: 3, bytes: 200_000 };
  const [a, b] = [await drilled(place, { ...small, seed: 5 }), await drilled(place, { ...small, seed: 5 })];
  expect([a.files, a.isPassed]).toEqual([b.files, true]);
  expect(a.files.bytes).toBeLessThanOrEqual(200_000);
  expect(a.files.ofNewestSet).toBeGreaterThan(0);
  expect((await drilled(place, { files: 3, bytes: 1 })).files.restored).toBe(1);
});

test('a machine that knows nothing learns from the ledger on the store what was made last', async () => {
  const place = await threeSets({ ledger: true });
  expect((await drilled(place, {}, { knows: false })).expected).toEqual({ by: 'ledger', time: timeOfSet(2) });
  for (const name of ofNewest(place)) place.backend.files.delete(name);
  expect(failuresOf(await drilled(place, {}, { knows: false }))).toContain('has vanished');
});

test.runIf(requireTool('sshd'))('over sftp the speed is that of the line, and all would take so long', async () => {
  const server = await startSshd(tempDir(), { only: 'sftp' });
  onTestFinished(() => server.stop());
  mkdirSync(`${server.home}/place`);
  const url = parseUrl(`sftp://127.0.0.1:${server.port}/place`);
  const signal = AbortSignal.timeout(60_000);
  await using backend = await openBackend(url, { signal, settings: { sshOptions: server.options } });
  const place = await threeSets({}, {}, backend);
  const report = await drilled(place, against(place));
  expect(failuresOf(report)).toBe('');
  expect(report).toMatchObject({ isPassed: true, files: { restored: 7, asInSource: 7 } });
  expect(report.read).toBeGreaterThan(700_000);
  expect(report.restoreSeconds).toBeCloseTo((report.toRestore ?? 0) / (report.bytesPerSecond ?? 1));
});
