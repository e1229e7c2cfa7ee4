// docs/performance.md and its plots, from the stored results.
import fs from 'node:fs';
import { performanceDocument, RATIOS, SCALES } from './document.mjs';
import { overviewPlot, ratioPlots, scalePlot } from './plots.mjs';
import { readResults } from './results.mjs';
import { keepSections } from './section.mjs';

export function writePage(/** @type {string} */ root) {
  const results = readResults('speed');
  if (results === undefined) throw new Error('nothing was measured: bench/results/speed.json is not there');
  const scale = readResults('scale') ?? [];
  const plots = plotsOf(results.series, scale);
  fs.mkdirSync(`${root}/docs/performance`, { recursive: true });
  for (const [name, image] of plots) fs.writeFileSync(`${root}/docs/performance/${name}.svg`, image);
  const path = `${root}/docs/performance.md`;
  const before = fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '';
  fs.writeFileSync(
    path,
    keepSections(
      performanceDocument(results, scale, (name) => plots.has(name)),
      before,
    ),
  );
}

/** @returns {Map<string, string>} */
function plotsOf(series, scale) {
  const plots = new Map([['overview', overviewPlot(series)]]);
  for (const { name, image } of ratioPlots(series, RATIOS)) plots.set(name, image);
  for (const [kind, { title, plotted, size }] of Object.entries(SCALES)) {
    const image = scalePlot(scale, kind, { title, actions: plotted, size });
    if (image !== undefined) plots.set(`growth-${kind}`, image);
  }
  return plots;
}
