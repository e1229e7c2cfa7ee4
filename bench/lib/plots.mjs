// Which plots there are, from the results.
import { referencePairs } from './report.mjs';
import { growthPlot, ratioPlot } from './svg.mjs';
import { MODES, OURS } from './tools.mjs';

/** A plot for each corpus: CPU time beside the reference, action by action and mode by mode. */
export function ratioPlots(series, titles) {
  const pairs = referencePairs(series).filter(({ problems }) => problems.length === 0);
  return Object.entries(titles).flatMap(([corpus, title]) => {
    const own = pairs.filter(({ ours }) => ours.corpus === corpus);
    if (own.length === 0) return [];
    const groups = actionsOf(own).map((action) => ({
      name: action,
      rows: own.filter(({ ours }) => ours.action === action).map((pair) => rowOf(pair, pair.ours.mode)),
    }));
    return [
      {
        name: `ratio-${corpus}`,
        image: ratioPlot({ title: `CPU time, ${title}: duplicity 0.8.22 = 1`, kinds: MODES, groups }),
      },
    ];
  });
}

/** What most people see of it: one mode, both corpora. */
export function overviewPlot(series) {
  const pairs = referencePairs(series).filter(({ ours, problems }) => problems.length === 0 && ours.mode === 'sym');
  const kinds = ['small files', 'large files'];
  const actions = ['full', 'no-op', 'inc', 'restore', 'restore one', 'verify', 'list', 'status'];
  const names = { 'no-op': 'nothing new', inc: 'increment', 'restore one': 'one file', status: '100 sets: status' };
  const groups = actions.map((action) => ({
    name: names[action] ?? action,
    rows: pairs
      .filter(({ ours }) => ours.action === action)
      .sort((a, b) => kindOf(a).localeCompare(kindOf(b)) * -1)
      .map((pair) => rowOf(pair, kindOf(pair))),
  }));
  const title = 'CPU time with a passphrase: duplicity 0.8.22 = 1';
  return ratioPlot({ title, kinds, groups: groups.filter(({ rows }) => rows.length > 0) });
}

const kindOf = ({ ours }) => (ours.corpus === 'big' ? 'large files' : 'small files');
const actionsOf = (pairs) => [...new Set(pairs.map(({ ours }) => ours.action))];

function rowOf({ cpu, cpuRounds }, kind) {
  return { kind, middle: cpu, lowest: Math.min(...cpuRounds), highest: Math.max(...cpuRounds) };
}

/** @param {{ title: string, actions: readonly string[], size: (value: number) => string }} about */
export function scalePlot(figures, kind, { title, actions, size }) {
  const own = figures.filter(
    (figure) => figure.kind === kind && figure.problem === undefined && actions.includes(figure.action),
  );
  if (own.length === 0) return undefined;
  const curves = (key) =>
    actions.flatMap((action, colour) =>
      [false, true].map((isOther) => ({
        colour,
        isOther,
        points: own
          .filter((figure) => figure.action === action && (figure.tool !== OURS) === isOther)
          .sort((a, b) => a.size - b.size)
          .map((figure) => [figure.size, figure[key]]),
      })),
    );
  return growthPlot({
    title,
    names: actions,
    about: 'Dashes and open circles: duplicity 0.8.22.',
    size,
    panels: [
      { title: 'CPU time, s', unit: short, curves: curves('cpuS').filter(({ points }) => points.length > 0) },
      {
        title: 'Memory at its highest, MiB',
        unit: short,
        fromZero: true,
        curves: curves('peakMiB').filter(({ points }) => points.length > 0),
      },
    ],
  });
}

/** 1k, 10M. */
export function short(/** @type {number} */ value) {
  if (value >= 1e6) return `${value / 1e6}M`;
  if (value >= 1e4) return `${value / 1e3}k`;
  return String(Number(value.toPrecision(3)));
}
