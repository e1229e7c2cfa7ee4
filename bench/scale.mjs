// How time and memory grow: with the number of entries, with the number of sets in a chain, with the size of one file.
//
//   node bench/scale.mjs entries [--sizes 10000,100000,1000000,10000000] [--reference 1000000]
//   node bench/scale.mjs sets    [--sizes 10,100,1000]                   [--reference 1000]
//   node bench/scale.mjs huge    [--sizes 1,10,100] (GiB)                [--reference 10]
//
// The reference takes part up to the size that is named. Figures go to bench/results/scale.json after each run, in place of
// those of the same size and tool; `npm run bench -- --page` makes the page anew. --program names another
// duplicity than this clone's, --actions some of the actions, --work a directory for 5 GB. Runs are not stopped by Ctrl-C at once.
import fs from 'node:fs';
import os from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { makeChain, makeEntries, makeHuge } from './lib/scale-sources.mjs';
import { measureIn, openPlace, placeFor, FULL_TIME } from './lib/action.mjs';
import { duplicityPair } from './lib/tools.mjs';
import { commitOf } from './lib/machine.mjs';
import { copy, remove } from './lib/tree.mjs';
import { keep } from './lib/results.mjs';

/** What is measured, in this order: what comes later starts from what an earlier one left. */
const KINDS = {
  entries: {
    make: makeEntries,
    sizes: [10_000, 100_000, 1_000_000, 10_000_000],
    reference: 1_000_000,
    actions: ['full', 'no-op', 'list', 'restore', 'restore one', 'status'],
    /** Files that are made anew take time and memory of the system. */
    mostFor: { restore: 1_000_000 },
  },
  sets: {
    make: makeChain,
    sizes: [10, 100, 1000],
    reference: 1000,
    actions: ['inc', 'no-op', 'list', 'restore', 'restore one', 'verify', 'status', 're-sync'],
  },
  huge: {
    make: makeHuge,
    sizes: [1, 10, 100],
    reference: 10,
    actions: ['full', 'no-op', 'inc', 'list', 'restore one', 'status'],
  },
};

const text = { type: 'string' };
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { sizes: text, reference: text, actions: text, program: text, work: text },
});
const kind = KINDS[positionals[0]];
if (kind === undefined) {
  console.error(`usage: node bench/scale.mjs ${Object.keys(KINDS).join('|')}; options: at the top of the file`);
  process.exit(2);
}
const numbers = (list) => list.split(',').map(Number);
const sizes = options.sizes === undefined ? kind.sizes : numbers(options.sizes);
const mostForReference = Number(options.reference ?? kind.reference);
const actions = options.actions?.split(',') ?? kind.actions;
const launcher = options.program ?? `${dirname(import.meta.dirname)}/duplicity`;
const work = fs.mkdtempSync(`${options.work ?? os.tmpdir()}/duplicity-scale-`);
process.on('exit', () => remove(work));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const { ours, reference } = duplicityPair('gz', { launcher, keyRing: { home: work } });
const about = { commit: commitOf(dirname(launcher)), date: new Date().toISOString().slice(0, 10) };
for (const size of sizes) measureSize(size);

function measureSize(size) {
  const source = `${work}/source`;
  const paths = { work, out: `${work}/restored`, source };
  const tools = size <= mostForReference ? [ours, reference] : [ours];
  console.error(`${positionals[0]} ${size}: making it`);
  const made = kind.make({ source, size, tool: ours, paths, next: (tool) => placeFor(tool, 'full', paths) });
  paths.one = made.one;
  for (const tool of tools) {
    const full = placeFor(tool, 'full', paths);
    if (made.hasChain) {
      if (tool !== ours) copy(placeFor(ours, 'full', paths).base, full.base);
    } else openPlace(tool, full, work);
    for (const action of actions)
      if (size <= (kind.mostFor?.[action] ?? size)) measureAction({ action, tool, size, paths, made });
  }
  remove(source);
  for (const tool of tools) remove(`${work}/${tool.name}-gz`);
}

/** Sets that an action adds go into a copy, so that the next one finds what this one did. */
function measureAction({ action, tool, size, paths, made }) {
  const full = placeFor(tool, 'full', paths);
  const live = placeFor(tool, 'live', paths);
  const adds = action === 'no-op' || action === 'inc';
  if (adds || action === 're-sync') copy(full.base, live.base);
  if (action === 're-sync') remove(live.state);
  if (action === 'inc') made.change();
  remove(paths.out);
  const place = adds || action === 're-sync' ? live : full;
  const time = action === 'full' ? FULL_TIME : made.after;
  fs.mkdirSync(place.state, { recursive: true });
  const run = measureIn(tool, tool.argv(action, { ...place, time }), work, work, { readsOutput: false });
  const problem =
    run.status === 0
      ? made.problem?.({ action, out: paths.out, printed: `${work}/last.out` })
      : run.errors.trim().split('\n').slice(-2).join(' / ');
  if (action === 'inc') made.undo();
  remove(live.base);
  remove(paths.out);
  const figures = { cpuS: run.cpuS, wallS: run.wallS, peakMiB: run.peakMiB };
  console.error(
    `${positionals[0]} ${size}, ${action}, ${tool.name}: ${problem ?? `CPU ${run.cpuS.toFixed(2)} s, ${run.wallS.toFixed(2)} s, ${run.peakMiB.toFixed(0)} MiB`}`,
  );
  keep('scale', {
    kind: positionals[0],
    size,
    action,
    tool: tool.name,
    ...(problem === undefined ? figures : { problem }),
    ...about,
  });
}
