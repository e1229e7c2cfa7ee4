// One run of one tool: measured, and its result checked. A wrong result is a failure and has no ratio.
import fs from 'node:fs';
import { measure } from './measure.mjs';
import { OURS, REFERENCE } from './tools.mjs';
import { difference, fileDigest, remove } from './tree.mjs';

/** Any time after that of the sources; both duplicities are told it, so that no run waits for the next second. */
export const FULL_TIME = 1_700_000_000;
export const HOUR = 3600;

/**
 * @typedef {import('./measure.mjs').Measured & { problem: string | undefined, storedBytes?: number }} Run
 * @typedef {import('./tools.mjs').Tool} Tool
 * @typedef {object} Expected
 * @property {Map<string, string>} [tree] what a restore brings back, what a list names
 * @property {string} [oneDigest]
 * @property {number} [sets]
 */

/** @param {Tool} tool */
export function placeFor(tool, stage, { work, out, source, one = '' }) {
  const base = `${work}/${tool.name}-${tool.mode ?? 'own'}/${stage}`;
  return { base, repo: `${base}/repo`, state: `${base}/state`, source, out, one, time: FULL_TIME };
}

/** An empty place; restic and borg make their repositories in it. @param {Tool} tool */
export function openPlace(tool, place, work) {
  remove(place.base);
  fs.mkdirSync(place.state, { recursive: true });
  if (tool.init === undefined) fs.mkdirSync(place.repo);
  else measureIn(tool, tool.init(place), place.source, work);
}

/**
 * @param {Tool} tool
 * @param {string} action
 * @param {Expected} expected
 * @returns {Run}
 */
export function runAction(tool, action, place, { work, expected = {} }) {
  const isRestore = action.startsWith('restore');
  remove(place.out);
  if (isRestore && tool.name === 'borg') fs.mkdirSync(place.out);
  const measured = measureIn(tool, tool.argv(action, place), tool.cwd?.(action, place) ?? work, work);
  const problem = measured.status === 0 ? wrongResult(tool, action, place, measured, expected) : failure(measured);
  remove(place.out);
  return { ...measured, output: '', errors: '', problem };
}

export function measureIn(tool, argv, cwd, work, options = {}) {
  // Whatever a tool leaves behind goes with the work directory.
  const env = { ...tool.env, LC_ALL: 'C.UTF-8', TMPDIR: `${work}/tmp` };
  fs.mkdirSync(env.TMPDIR, { recursive: true });
  return measure(argv, { cwd, env, scratch: `${work}/last`, ...options });
}

function failure({ status, errors }) {
  return `exit ${status}: ${errors.trim().split('\n').slice(-3).join(' / ')}`;
}

function wrongResult(tool, action, place, { output }, expected) {
  const isDuplicity = tool.name === OURS || tool.name === REFERENCE;
  if (action === 'restore one') {
    const restored = isDuplicity ? place.out : `${place.out}/${place.one}`;
    const isThere = fs.existsSync(restored);
    return isThere && fileDigest(restored) === expected.oneDigest
      ? undefined
      : `${place.one} was not restored as it was`;
  }
  if (action.startsWith('restore')) return difference(expected.tree, place.out);
  if (!isDuplicity) return undefined;
  if (action === 'list' || action === 're-sync') {
    const listed = output.split('\n').filter((line) => /^\w{3} \w{3} [ \d]\d /.test(line)).length;
    const wanted = expected.tree.size + 1;
    return listed === wanted ? undefined : `${listed} entries were listed, not ${wanted}`;
  }
  if (action === 'status') {
    const wanted = `Number of contained backup sets: ${expected.sets}`;
    return output.includes(wanted) ? undefined : `the output lacks "${wanted}"`;
  }
  return undefined;
}
