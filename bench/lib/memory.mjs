// How peak memory grows with the number of files, and what one huge file takes.
import fs from 'node:fs';
import { randomBytes } from 'node:crypto';
import { makeScale } from '../corpus.mjs';
import { FULL_TIME, HOUR, openPlace, placeFor, runAction } from './action.mjs';
import { duplicityPair } from './tools.mjs';
import { describeTree, remove } from './tree.mjs';

const ACTIONS = ['full', 'no-op', 'list', 'restore'];
const SPARSE_STEP = 268_435_456;

/**
 * @typedef {{ action: string, files: number, tool: string, run: import('./action.mjs').Run }} Sample
 * @returns {Sample[]} encrypted with a passphrase
 */
export function measureGrowth(plan) {
  const { ours, reference } = duplicityPair('sym', plan);
  return plan.sizes.growthFiles.flatMap((files) => {
    const work = `${plan.work}/growth`;
    const source = `${work}/source`;
    const paths = { work, out: plan.out, source };
    plan.say(`making ${files} files`);
    makeScale(source, { files });
    const expected = { tree: describeTree(source) };
    const samples = [reference, ours].flatMap((tool) => {
      const place = placeFor(tool, 'full', paths);
      openPlace(tool, place, work);
      return ACTIONS.map((action) => {
        const time = action === 'full' ? FULL_TIME : FULL_TIME + HOUR;
        const run = runAction(tool, action, { ...place, time }, { work, expected });
        plan.say(
          `${files} files, ${action}, ${tool.name}: ${run.problem ?? `CPU ${run.cpuS.toFixed(2)} s, ${run.peakMiB.toFixed(0)} MiB`}`,
        );
        return { action, files, tool: tool.name, run };
      });
    });
    remove(work);
    return samples;
  });
}

/** A full backup, neither encrypted nor compressed, of one file that is mostly holes. @returns {Sample[]} */
export function measureHugeFile(plan) {
  const work = `${plan.work}/huge`;
  const source = `${work}/source`;
  fs.mkdirSync(source, { recursive: true });
  const fd = fs.openSync(`${source}/disk.img`, 'wx');
  fs.ftruncateSync(fd, plan.sizes.hugeBytes);
  for (let at = 0; at < plan.sizes.hugeBytes; at += SPARSE_STEP) fs.writeSync(fd, randomBytes(65_536), 0, 65_536, at);
  fs.closeSync(fd);
  const { ours, reference } = duplicityPair('plain', plan);
  const samples = [reference, ours].map((tool) => {
    const place = placeFor(tool, 'full', { work, out: plan.out, source });
    openPlace(tool, place, work);
    const run = runAction(tool, 'full', place, { work });
    plan.say(
      `huge file, ${tool.name}: ${run.problem ?? `CPU ${run.cpuS.toFixed(2)} s, ${run.peakMiB.toFixed(0)} MiB`}`,
    );
    remove(place.base);
    return { action: 'full', files: 1, tool: tool.name, run };
  });
  remove(work);
  return samples;
}
