// Paired runs: in each round every tool does the same thing once, ours and the reference one directly after the other.
import fs from 'node:fs';
import { makeBig, makeChanged, makeSmall } from '../corpus.mjs';
import { FULL_TIME, HOUR, openPlace, placeFor, runAction } from './action.mjs';
import { duplicityPair, peers } from './tools.mjs';
import { copy, describeTree, fileDigest, remove, treeBytes, walk } from './tree.mjs';

/** What is measured on which source; in this order, as later actions start from what earlier ones left. */
export const ACTIONS = {
  big: ['full', 'no-op', 'inc', 'restore', 'restore changed', 'restore one', 'verify'],
  small: ['full', 'no-op', 'inc', 'restore', 'restore changed', 'restore one', 'verify', 'list', 're-sync'],
  sets: ['version', 'status', 're-sync'],
};

/** Keeps the whole page under 25 minutes on two quiet cores: an action ends after the round in which it has taken so long. */
const ACTION_LIMIT_MS = 60_000;
const LEAST_ROUNDS = 2;

/**
 * @typedef {import('./action.mjs').Run} Run
 * @typedef {import('./tools.mjs').Tool} Tool
 * @typedef {{ corpus: string, action: string, tool: string, mode: string | undefined, runs: Run[] }} Series
 */

/**
 * @param {object} plan
 * @param {string} plan.work a directory of our own
 * @param {string} plan.out where restores go
 * @param {{ bigBytes: number, smallFiles: number, sets: number }} plan.sizes
 * @param {(line: string) => void} plan.say
 * @returns {Series[]}
 */
export function measureSpeed(plan) {
  const pairs = plan.modes.map((mode) => duplicityPair(mode, plan)).map(({ reference, ours }) => [reference, ours]);
  return plan.corpora.flatMap((corpus) => {
    const work = `${plan.work}/${corpus}`;
    fs.mkdirSync(work);
    const actions = ACTIONS[corpus].filter((action) => plan.actions.includes(action));
    plan.say(`making ${corpus}`);
    const scene =
      corpus === 'sets'
        ? makeSets({ ...plan, work }, pairs)
        : makeSources({ ...plan, work }, makers(plan.sizes)[corpus]);
    const groups = corpus === 'sets' ? pairs : [...pairs, ...peers().map((tool) => [tool])];
    const series = actions.flatMap((action) => measureAction(action, groups, { ...scene, corpus }));
    remove(work);
    return series;
  });
}

function makers({ bigBytes, smallFiles }) {
  return {
    big: (root) => makeBig(root, { bytes: bigBytes }),
    small: (root) => makeSmall(root, { files: smallFiles }),
  };
}

/** A source tree and its edited copy. */
function makeSources({ work, out, rounds, say }, make) {
  const source = `${work}/source`;
  const changed = `${work}/changed`;
  make(source);
  makeChanged(source, changed);
  const files = [...walk(source)].filter(({ stat }) => stat.isFile()).map(({ path }) => path);
  // Far into the tree, so that most of the archive lies before it.
  const one = files[Math.floor(files.length * 0.9)];
  return {
    paths: { work, out, source, one },
    changed,
    rounds,
    say,
    expected: { tree: describeTree(source), oneDigest: fileDigest(`${source}/${one}`) },
    changedTree: describeTree(changed),
  };
}

/** A chain of many small sets, written by ours; the reference gets a copy of it. */
function makeSets({ work, out, rounds, sizes, say }, pairs) {
  const source = `${work}/source`;
  fs.mkdirSync(source);
  const paths = { work, out, source };
  for (const [reference, ours] of pairs) {
    const place = placeFor(ours, 'full', paths);
    openPlace(ours, place, work);
    for (let i = 0; i < sizes.sets; i++) {
      fs.writeFileSync(`${source}/file`, `${i}`);
      fs.utimesSync(`${source}/file`, FULL_TIME + i, FULL_TIME + i);
      const { problem } = runAction(ours, i === 0 ? 'full' : 'inc', { ...place, time: FULL_TIME + i * HOUR }, { work });
      if (problem !== undefined) throw new Error(`no sets to measure with: ${problem}`);
    }
    copy(place.base, placeFor(reference, 'full', paths).base);
  }
  return { paths, rounds, say, expected: { tree: describeTree(source), sets: sizes.sets } };
}

/** @returns {Series[]} */
function measureAction(action, groups, scene) {
  const withChanges = action === 'inc' ? swapSources : (_, run) => run();
  const series = new Map();
  for (const tool of groups.flat()) prepareStages(tool, action, scene);
  withChanges(scene, () => {
    const started = Date.now();
    for (let round = 0; round < scene.rounds; round++) {
      if (round >= LEAST_ROUNDS && Date.now() - started > ACTION_LIMIT_MS) break;
      for (const group of groups) {
        for (const tool of round % 2 === 0 ? group : group.toReversed()) {
          const run = measureOne(tool, action, scene);
          if (run === undefined) continue;
          const { name, mode } = tool;
          const key = `${name} ${mode}`;
          if (!series.has(key)) series.set(key, { corpus: scene.corpus, action, tool: name, mode, runs: [] });
          series.get(key).runs.push(run);
          const figures = `${run.wallS.toFixed(2)} s, CPU ${run.cpuS.toFixed(3)} s, ${run.peakMiB.toFixed(0)} MiB`;
          scene.say(`${scene.corpus}, ${action}, ${name} ${mode ?? ''}: ${run.problem ?? figures}`);
        }
      }
    }
  });
  return [...series.values()];
}

/** Makes, unmeasured, what the action starts from when no earlier action left it. */
function prepareStages(tool, action, scene) {
  if (action === 'full' || tool.argv(action, placeFor(tool, 'live', scene.paths)) === undefined) return;
  if (!fs.existsSync(placeFor(tool, 'full', scene.paths).base)) measureOne(tool, 'full', scene);
  if (action !== 'restore changed' || fs.existsSync(placeFor(tool, 'changed', scene.paths).base)) return;
  swapSources(scene, () => measureOne(tool, 'inc', scene));
}

/** @returns {Run | undefined} undefined: the tool has no such action */
function measureOne(tool, action, { paths, expected, changedTree }) {
  const { work } = paths;
  const full = placeFor(tool, 'full', paths);
  const live = placeFor(tool, 'live', paths);
  const changed = placeFor(tool, 'changed', paths);
  const run = (place, wanted = expected) => runAction(tool, action, place, { work, expected: wanted });
  if (tool.argv(action, live) === undefined) return undefined;
  switch (action) {
    case 'full': {
      openPlace(tool, live, work);
      const result = { ...run(live), storedBytes: treeBytes(live.repo) };
      if (!fs.existsSync(full.base)) fs.renameSync(live.base, full.base);
      return result;
    }
    case 'no-op':
    case 'inc': {
      copy(full.base, live.base);
      const result = run({ ...live, time: FULL_TIME + HOUR });
      result.storedBytes = treeBytes(live.repo) - treeBytes(full.repo);
      if (action === 'inc' && !fs.existsSync(changed.base)) fs.renameSync(live.base, changed.base);
      return result;
    }
    case 're-sync':
      copy(full.base, live.base);
      remove(live.state);
      fs.mkdirSync(live.state);
      return run(live);
    case 'restore changed':
      return run({ ...changed, time: FULL_TIME + HOUR }, { tree: changedTree });
    default:
      return run(full);
  }
}

/** Gives the edited tree the name of the source while `run` runs. */
function swapSources({ paths, changed }, run) {
  const aside = `${paths.source}.aside`;
  const swap = (from, to) => {
    fs.renameSync(paths.source, to);
    fs.renameSync(from, paths.source);
  };
  swap(changed, aside);
  try {
    run();
  } finally {
    swap(aside, changed);
  }
}
