import { isDeepStrictEqual } from 'node:util';
import type { SalvageReport } from '../../src/actions/restore/salvage/report.ts';
import type { Verdict } from '../../src/events/verdict.ts';
import { timeOfSet } from '../support/times.ts';
import { type Kept, LENGTH, setOf, type State, type Tree } from './store.ts';

/** What a salvage has brought back. */
export interface Brought {
  readonly report: SalvageReport;
  readonly tree: Tree;
}

const NOTHING = Buffer.alloc(0);

/** What is wrong with what came back of set `k`, when this one file was harmed. */
export function faultsOf(kept: Kept, k: number, { report, tree }: Brought, harmed: string): readonly string[] {
  const expected = kept.trees[k] ?? new Map<string, State>();
  const touched = new Set(kept.members.get(harmed) ?? []);
  const told = new Map(report.notWhole.map((verdict) => [verdict.path as string, verdict]));
  const faults = report.unknown.map(({ file }) => `${file} is unknown`);
  const mayBe = new Set(expected.keys());
  for (const [path, state] of expected) {
    const verdict = told.get(path);
    if (verdict === undefined) {
      if (!isDeepStrictEqual(tree.get(path)?.listed, state.listed)) faults.push(`${path} is not what it was`);
      continue;
    }
    if (!touched.has(path)) faults.push(`${path} was not touched, and is ${verdict.fate}`);
    mayBe.add(`${path}.partial`);
    const wrong = wrongIn(kept, { k, harmed, tree, state }, verdict);
    if (wrong !== undefined) faults.push(`${path} ${wrong}`);
  }
  const stray = [...tree.keys(), ...told.keys()].filter((path) => !mayBe.has(path));
  return [...faults, ...stray.map((path) => `${path} is not of this state`)];
}

interface Judged {
  readonly k: number;
  readonly harmed: string;
  readonly tree: Tree;
  readonly state: State;
}

function wrongIn(kept: Kept, { k, harmed, tree, state }: Judged, verdict: Verdict): string | undefined {
  const { path, fate, time = 0, ranges } = verdict;
  const first = k - (k % LENGTH);
  const [there, partial] = [tree.get(path), tree.get(`${path}.partial`)];
  const hadEarlier = kept.trees.slice(first, Math.max(first, setOf(harmed))).some((one) => one.get(path)?.bytes);
  const then = kept.trees[Math.round((time - timeOfSet(0)) / 86_400)]?.get(path);
  if (fate === 'older') {
    if (!hadEarlier || then === undefined || partial !== undefined) return 'cannot be an older version';
    return there?.listed.sha256 === then.listed.sha256 ? undefined : 'is not what it was then';
  }
  if (there !== undefined) return `is ${fate}, and there`;
  if (hadEarlier) return `is ${fate}, and has an earlier version`;
  if (fate === 'lost') {
    const others = [...kept.members].filter(([name, paths]) => name !== harmed && paths.includes(path));
    const isElsewhere = others.some(([name]) => setOf(name) >= first && setOf(name) <= setOf(harmed));
    return isElsewhere || partial !== undefined ? 'is not all lost' : undefined;
  }
  const [is, was] = [partial?.bytes ?? NOTHING, then?.bytes ?? NOTHING];
  if (is.equals(state.bytes ?? NOTHING)) return 'is whole';
  let at = 0;
  for (const { from, to } of [...ranges, { from: is.length, to: is.length }]) {
    if (is.subarray(at, from).some((byte) => byte !== 0)) return `has bytes before ${from} that are not known`;
    if (!is.subarray(from, to).equals(was.subarray(from, to))) return `has wrong bytes from ${from} to ${to}`;
    at = to;
  }
  return ranges.length === 0 ? 'is partial without a byte' : undefined;
}
