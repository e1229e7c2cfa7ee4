import { rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { check } from '../../src/actions/check/check.ts';
import { repair } from '../../src/actions/repair/repair.ts';
import { salvage } from '../../src/actions/restore/salvage/salvage.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { LocalError } from '../../src/errors/errors.ts';
import { openRemote } from '../../src/pipeline/remote.ts';
import type { MemoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { timeOfSet } from '../support/times.ts';
import { keepStore, type Kept, LENGTH, on, SETS, setOf, treeAt } from './store.ts';

/** A store that is not there any more after so many changes, the last of which is made in part. */
function dying(inner: MemoryBackend, changes: number, atomicPut: boolean): Backend {
  let left = changes;
  const last = new LocalError('GENERIC', 'killed');
  return {
    ...inner,
    traits: { ...inner.traits, atomicPut },
    async put(name, body, call) {
      if (left < 0) throw last;
      if (left-- > 0) return inner.put(name, body, call);
      if (!atomicPut) {
        await inner.put(name, body, call);
        const bytes = inner.files.get(name) ?? Buffer.alloc(0);
        inner.files.set(name, bytes.subarray(0, Math.floor(bytes.length / 2)));
      }
      left = -1;
      throw last;
    },
    async delete(name, call) {
      if (left-- <= 0) {
        left = -1;
        throw last;
      }
      await inner.delete(name, call);
    },
  };
}

const ALL = process.env['REPAIR'] === 'all';

describe.each([
  ['that replaces them bit by bit', false],
  ...(ALL ? ([['that replaces files at once', true]] as const) : []),
] as const)('killed at each change of a store %s', (_what, atomicPut) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await keepStore('gz');
  });

  test.each([['on another machine', false], ...(ALL ? ([['here', true]] as const) : [])] as const)(
    'a repair has made nothing worse, and the next one %s completes',
    async (_where, isHere) => {
      const last = SETS - 1;
      const volume =
        [...kept.members].find(([name, paths]) => setOf(name) === SETS - LENGTH && paths.includes('a/large'))?.[0] ??
        '';
      const signatures = [...kept.sound.keys()].find((name) => name.includes('sigtar') && setOf(name) === last) ?? '';
      const target = `${kept.on.dir}/out`;
      const source = bytePath(kept.on.source);
      const lost = async (): Promise<number> => {
        rmSync(target, { recursive: true, force: true });
        const { salvage: report } = await on(kept, (session) =>
          salvage(session, { target: bytePath(target), time: timeOfSet(last) }),
        );
        const told = new Set(report.notWhole.map(({ path }) => path as string));
        const tree = treeAt(target);
        const wrong = [...(kept.trees[last] ?? [])].filter(
          ([path, { listed }]) => !told.has(path) && tree.get(path)?.listed.sha256 !== listed.sha256,
        );
        expect(wrong).toEqual([]);
        return report.notWhole.length + report.unknown.length;
      };
      let isThrough = false;
      let deaths = 0;
      for (; !isThrough; deaths++) {
        kept.mend();
        kept.backend.files.delete(volume);
        kept.backend.files.delete(signatures);
        const before = await lost();
        const backend = dying(kept.backend, deaths, atomicPut);
        isThrough = await on(kept, (session) =>
          repair({ ...session, backend, remote: openRemote({ ...session, backend, tries: 1 }) }, { source }).then(
            () => true,
            () => false,
          ),
        );
        if (!isHere) rmSync(kept.on.archive, { recursive: true, force: true });
        expect({ deaths, worse: (await lost()) > before }).toEqual({ deaths, worse: false });
        const { unmended } = await on(kept, (session) => repair(session, { source }));
        expect({ deaths, unmended }).toEqual({ deaths, unmended: [] });
        rmSync(kept.on.archive, { recursive: true, force: true });
        const { damage } = await on(kept, (session) => check(session, { deep: true }));
        expect({ deaths, damage }).toEqual({ deaths, damage: [] });
        expect([...kept.backend.files.keys()].toSorted()).toEqual([...kept.sound.keys()].toSorted());
      }
      expect(deaths).toBeGreaterThan(3);
    },
  );
});
