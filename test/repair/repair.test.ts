import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { check } from '../../src/actions/check/check.ts';
import { repair, type RepairOptions } from '../../src/actions/repair/repair.ts';
import type { RepairReport } from '../../src/actions/repair/report.ts';
import { restore } from '../../src/actions/restore/restore.ts';
import { openRemote } from '../../src/pipeline/remote.ts';
import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { perform } from '../support/programs.ts';
import { seeded } from '../support/random.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';
import { HARMS } from './harms.ts';
import { FORMS, keepStore, type Kept, LENGTH, on, SETS, setOf, treeAt } from './store.ts';

const ALL = process.env['REPAIR'] === 'all';
const LONG_MS = 3_600_000;
/** The reference restores one in so many of what was mended; of the few of the short form the first of some. */
const EACH = ALL ? 5 : 2;
const hasReference = requireReference();
const SAMPLE: Readonly<Record<string, number>> = { gz: 2, plain: 1, encrypted: 1 };

function some(files: readonly string[], count: number, draw: () => number): readonly string[] {
  const left = [...files];
  return Array.from({ length: count }, () => left.splice(Math.floor(draw() * left.length), 1)[0] ?? '');
}

const repaired = (kept: Kept, options: RepairOptions = {}): Promise<RepairReport> =>
  on(kept, (session) => repair(session, { source: bytePath(kept.on.source), ...options }));

/** What a deep check finds, on a machine that knows nothing of the store. */
async function damageLeft(kept: Kept): Promise<readonly string[]> {
  rmSync(kept.on.archive, { recursive: true, force: true });
  const { damage } = await on(kept, (session) => check(session, { deep: true }));
  return damage.map(({ file, reason }) => `${file}: ${reason}`);
}

async function statesLeft(kept: Kept, sets: readonly number[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const k of sets) {
    const target = `${kept.on.dir}/out`;
    rmSync(target, { recursive: true, force: true });
    await on(kept, (session) => restore(session, { target: bytePath(target), time: timeOfSet(k) }));
    const tree = treeAt(target);
    const expected = kept.trees[k] ?? new Map();
    for (const [path, { listed }] of expected)
      if (!isDeepStrictEqual(tree.get(path)?.listed, listed)) wrong.push(`${k}: ${path}`);
    for (const path of tree.keys()) if (!expected.has(path)) wrong.push(`${k}: ${path} is too much`);
  }
  return wrong;
}

/** What the reference makes of a state of the store, on a machine that knows nothing of it. */
async function wrongByReference(kept: Kept, k: number): Promise<readonly string[]> {
  const dir = tempDir();
  mkdirSync(`${dir}/remote`);
  for (const [name, bytes] of kept.backend.files) writeFileSync(`${dir}/remote/${name}`, bytes);
  const words = [
    'restore',
    '--time',
    String(timeOfSet(k)),
    ...(kept.settings.noEncryption === false ? [] : ['--no-encryption']),
  ];
  await perform('the reference', [...words, `file://${dir}/remote`, `${dir}/out`], {
    home: `${dir}/home`,
    cwd: dir,
    env: { ...kept.on.env },
  });
  const [tree, expected] = [treeAt(`${dir}/out`), kept.trees[k] ?? new Map()];
  const paths = new Set([...tree.keys(), ...expected.keys()]);
  const wrong = [...paths].filter((path) => tree.get(path)?.listed.sha256 !== expected.get(path)?.listed.sha256);
  rmSync(dir, { recursive: true });
  return wrong;
}

/** Whether all that a volume holds is still in the source, and no file in it lies in other volumes of an increment. */
function isInSource(kept: Kept, name: string): boolean {
  const k = setOf(name);
  const [then, now] = [kept.trees[k], kept.trees[SETS - 1]];
  return (kept.members.get(name) ?? []).every((path) => {
    const was = then?.get(path);
    if (was?.bytes === undefined) return true;
    const others = [...kept.members].filter(
      ([other, paths]) => other !== name && setOf(other) === k && paths.includes(path),
    );
    return was.listed.sha256 === now?.get(path)?.listed.sha256 && (k % LENGTH === 0 || others.length === 0);
  });
}

describe.each(Object.keys(FORMS))('a store that is %s', (form) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await keepStore(form);
  });

  test.each(Object.keys(HARMS))(
    'and of which a file is %s is as it was, or is told not to be',
    async (harm) => {
      const draw = seeded(harm.length + 7 * form.length);
      const files = [...kept.sound.keys()].toSorted();
      const counts = { cases: 0, mended: 0, honest: 0, byReference: 0 };
      for (const [i, name] of (ALL ? files : some(files, SAMPLE[form] ?? 1, draw)).entries()) {
        kept.mend({ withArchive: true });
        HARMS[harm]?.(kept, name, draw);
        const harmed = new Map(kept.backend.files);
        const found = await on(kept, (session) => check(session));
        expect({ name, found: found.damage.map(({ file }) => file) }).toMatchObject({
          found: expect.arrayContaining([name]),
        });
        if (i % 2 === 0) rmSync(kept.on.archive, { recursive: true, force: true });
        const { mended, unmended } = await repaired(kept);
        const where = {
          harm,
          name,
          mended: mended.map(({ file, by }) => `${file} ${by}`),
          left: unmended.map(({ file, reason }) => `${file}: ${reason}`),
        };
        const isExpected = !name.includes('.vol') || isInSource(kept, name);
        expect({ ...where, isMended: unmended.length === 0 }).toEqual({ ...where, isMended: isExpected });
        counts.cases++;
        const chain = Math.floor(setOf(name) / LENGTH) * LENGTH;
        const last = chain + LENGTH - 1;
        if (isExpected) counts.mended++;
        else counts.honest++;
        const isByReference = hasReference && isExpected && counts.mended % EACH === 0;
        if (isByReference) counts.byReference++;
        const faults = isExpected
          ? [...(await damageLeft(kept)), ...(await statesLeft(kept, [chain, last]))]
          : isDeepStrictEqual(kept.backend.files, harmed)
            ? []
            : ['what could not be mended is another'];
        if (isByReference) faults.push(...(await wrongByReference(kept, last)));
        expect({ ...where, faults }).toEqual({ ...where, faults: [] });
      }
      if (ALL) console.log(form, harm, counts);
    },
    LONG_MS,
  );

  test('is as it was again, whatever is damaged, when another place has it', async () => {
    kept.mend();
    const other = memoryBackend();
    for (const [name, bytes] of kept.sound) other.files.set(name, bytes);
    const draw = seeded(4);
    for (const name of kept.sound.keys()) {
      const [harm] = some(Object.keys(HARMS), 1, draw);
      if (draw() < 0.3) HARMS[harm ?? '']?.(kept, name, draw);
    }
    const { unmended } = await on(kept, (session) =>
      repair(session, { other: { backend: other, remote: openRemote({ ...session, backend: other }) } }),
    );
    expect(unmended).toEqual([]);
    expect(await damageLeft(kept)).toEqual([]);
    expect(await statesLeft(kept, [LENGTH - 1, SETS - 1])).toEqual([]);
  });
});
