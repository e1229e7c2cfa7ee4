// Tables of the results, in Markdown.
import { median } from './measure.mjs';
import { targetOf } from './targets.mjs';
import { OURS, REFERENCE } from './tools.mjs';

/**
 * @typedef {import('./speed.mjs').Series} Series
 * @typedef {object} Pair ours against another tool
 * @property {Series} ours
 * @property {Series} other
 * @property {string[]} problems
 * @property {number[]} cpuRounds ours divided by the other, round by round
 * @property {number} cpu median of these
 * @property {number} wall the same for the time on the clock
 */

/** @returns {Pair} */
function pairUp(ours, other) {
  const problems = [ours, other].flatMap(({ tool, runs }) =>
    runs.flatMap(({ problem }) => (problem === undefined ? [] : [`${tool}: ${problem}`])),
  );
  const ratios = (key) => ours.runs.map((run, round) => run[key] / other.runs[round][key]);
  const cpuRounds = ratios('cpuS');
  return { ours, other, problems, cpuRounds, cpu: median(cpuRounds), wall: median(ratios('wallS')) };
}

/** Ours against the reference, mode by mode. @param {readonly Series[]} all @returns {Pair[]} */
export function referencePairs(all) {
  return all
    .filter(({ tool }) => tool === OURS)
    .map((ours) =>
      pairUp(
        ours,
        findSeries(all, ours, ({ tool, mode }) => tool === REFERENCE && mode === ours.mode),
      ),
    );
}

/** Ours with a passphrase against the tools that have one way only. @param {readonly Series[]} all @returns {Pair[]} */
export function peerPairs(all) {
  return all
    .filter(({ mode }) => mode === undefined)
    .flatMap((peer) => {
      const ours = findSeries(all, peer, ({ tool, mode }) => tool === OURS && mode === 'sym');
      return ours === undefined ? [] : [pairUp(ours, peer)];
    });
}

function findSeries(all, like, accept) {
  return all.find((one) => one.corpus === like.corpus && one.action === like.action && accept(one));
}

const medianOf = ({ runs }, key) => median(runs.map((run) => run[key]));
const seconds = (value) => (value < 1 ? value.toFixed(3) : value.toFixed(2));
/** Of old figures only medians are kept, and of those on the clock none. */
const ratioText = (value) => (Number.isFinite(value) ? value.toFixed(2) : '');
const rangeText = (values) => `${ratioText(Math.min(...values))} to ${ratioText(Math.max(...values))}`;
const mebibytes = (value) => value.toFixed(0);
const stored = ({ runs }) =>
  runs[0]?.storedBytes === undefined ? '' : (median(runs.map(({ storedBytes }) => storedBytes)) / 1e6).toFixed(2);

/** @param {readonly Pair[]} pairs of one corpus */
export function referenceTable(pairs) {
  return table(
    [
      'action',
      'mode',
      'CPU s',
      'ref.',
      'CPU ratio',
      'target',
      'lowest to highest',
      'wall ratio',
      'peak MiB',
      'ref.',
      'stored MB',
      'ref.',
    ],
    pairs.map(({ ours, other, problems, cpuRounds, cpu, wall }) => {
      if (problems.length > 0) return [ours.action, ours.mode, `FAIL: ${problems[0]}`];
      const cpuTimes = [ours, other].map((one) => seconds(medianOf(one, 'cpuS')));
      const peaks = [ours, other].map((one) => mebibytes(medianOf(one, 'peakMiB')));
      const ratios = [`**${ratioText(cpu)}**`, targetText(ours, cpu), rangeText(cpuRounds), ratioText(wall)];
      return [ours.action, ours.mode, ...cpuTimes, ...ratios, ...peaks, stored(ours), stored(other)];
    }),
  );
}

/** The target, with a mark where it is missed. */
function targetText(ours, cpu) {
  const target = targetOf(ours);
  if (target === undefined) return '';
  return `${cpu > target ? '✗ ' : ''}${ratioText(target)}`;
}

/** @param {readonly Pair[]} pairs of one corpus */
export function peerTable(pairs) {
  return table(
    [
      'action',
      'peer',
      'CPU s',
      'its',
      'CPU ratio',
      'lowest to highest',
      'wall ratio',
      'peak MiB',
      'its',
      'stored MB',
      'its',
    ],
    pairs.map(({ ours, other, problems, cpuRounds, cpu, wall }) => {
      if (problems.length > 0) return [ours.action, other.tool, `FAIL: ${problems[0]}`];
      const cpuTimes = [ours, other].map((one) => seconds(medianOf(one, 'cpuS')));
      const peaks = [ours, other].map((one) => mebibytes(medianOf(one, 'peakMiB')));
      const ratios = [ratioText(cpu), rangeText(cpuRounds), ratioText(wall)];
      return [ours.action, other.tool, ...cpuTimes, ...ratios, ...peaks, stored(ours), stored(other)];
    }),
  );
}

/** Figures of bench/scale.mjs: a row for each action and tool, sizes side by side. */
export function scaleTable(figures, actions, sizeText) {
  const sizes = [...new Set(figures.map(({ size }) => size))].sort((a, b) => a - b);
  const heads = sizes.map((size) => sizeText(size));
  const cell = (action, tool, size, text) => {
    const found = figures.find((one) => one.action === action && one.tool === tool && one.size === size);
    return found === undefined ? '' : (found.problem ?? text(found));
  };
  return table(
    ['action', 'tool', ...heads.map((head) => `${head}, CPU s`), ...heads.map((head) => `${head}, MiB`)],
    actions
      .filter((action) => figures.some((one) => one.action === action))
      .flatMap((action) =>
        [OURS, REFERENCE].map((tool) => [
          action,
          tool,
          ...sizes.map((size) => cell(action, tool, size, ({ cpuS }) => seconds(cpuS))),
          ...sizes.map((size) => cell(action, tool, size, ({ peakMiB }) => mebibytes(peakMiB))),
        ]),
      ),
  );
}

/** Columns of equal width; the first ones to the left, numbers to the right. */
function table(head, rows, left = 2) {
  const cells = [head, ...rows.map((row) => head.map((_, i) => row[i] ?? ''))];
  const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const line = (row) =>
    `| ${row.map((cell, i) => (i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i < left ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ');
  return [line(cells[0]), `| ${rule} |`, ...cells.slice(1).map(line)].join('\n');
}
