// Plots as SVG, by hand: one file each, without scripts, readable on light and dark pages.

/** Told apart by people who see colours in another way as well. */
const COLOURS = {
  light: ['#0072b2', '#c77700', '#008a63', '#b0418f', '#c02020', '#6a737d'],
  dark: ['#5ab4f0', '#f0b03f', '#3fd0a3', '#ec8fd0', '#ff7b7b', '#aab2ba'],
};

// No variables: not every program that shows SVG knows them.
const rulesOf = (/** @type {readonly string[]} */ colours) =>
  colours
    .map((colour, i) => `.dot.c${i} { fill: ${colour} } .line.c${i}, .open.c${i}, .range.c${i} { stroke: ${colour} }`)
    .join('\n');
const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 }
.grid { stroke: #888; stroke-opacity: 0.25 }
.rule { stroke: #888; stroke-width: 1.5 }
.line { fill: none; stroke-width: 2 }
.other { stroke-dasharray: 5 4 }
.open { fill: none; stroke-width: 1.5 }
.range { stroke-width: 1.5; opacity: 0.6 }
${rulesOf(COLOURS.light)}
@media (prefers-color-scheme: dark) {
text { fill: #ddd }
${rulesOf(COLOURS.dark)}
}`;

const WIDTH = 760;
const escape = (/** @type {string} */ text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const round = (/** @type {number} */ value) => String(Math.round(value * 10) / 10);

/** A document of `height` from elements. @param {string} title what it shows, for those who do not see it */
function svg(title, height, /** @type {readonly string[]} */ elements) {
  const size = `width="${WIDTH}" height="${round(height)}" viewBox="0 0 ${WIDTH} ${round(height)}"`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n<title>${escape(title)}</title>`;
  return `${head}\n<style>${STYLE}\n</style>\n${elements.join('\n')}\n</svg>\n`;
}

/** @param {'start' | 'middle' | 'end'} anchor */
function label(x, y, text, anchor = 'start', className = '') {
  const kind = className === '' ? '' : ` class="${className}"`;
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${kind}>${escape(text)}</text>`;
}

function stroke(className, x1, y1, x2, y2) {
  return `<line class="${className}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

/** A mark of its own for each number, so that colours are not all that tells them apart. */
function mark(number, x, y) {
  const size = 4;
  const shapes = [
    `<circle class="dot c0" cx="${round(x)}" cy="${round(y)}" r="${size}"/>`,
    `<rect class="dot c1" x="${round(x - size)}" y="${round(y - size)}" width="${2 * size}" height="${2 * size}"/>`,
    `<path class="dot c2" d="M${round(x - size - 1)} ${round(y + size)}h${2 * size + 2}l-${size + 1}-${2 * size + 1}z"/>`,
    `<path class="dot c3" d="M${round(x)} ${round(y - size - 1.5)}l5.5 5.5l-5.5 5.5l-5.5-5.5z"/>`,
  ];
  return shapes[number % shapes.length] ?? '';
}

function legend(names, x, y, /** @type {(number: number, x: number, y: number) => string} */ key) {
  let at = x;
  return names.flatMap((name, i) => {
    const from = at;
    at += 30 + 7 * name.length;
    return [key(i, from + 6, y - 4), label(from + 18, y, name)];
  });
}

const ROW = 13;
const GAP = 9;

/** Ratios to another program, a row for each group and kind: the middle one as a mark, from the lowest to the highest as a line. */
export function ratioPlot({ title, kinds, groups }) {
  const left = 120;
  const right = WIDTH - 50;
  const top = 58;
  const most = Math.max(1.05, ...groups.flatMap(({ rows }) => rows.map(({ middle }) => middle))) * 1.02;
  const x = (/** @type {number} */ ratio) => left + ((right - left) * Math.min(ratio, most)) / most;
  const heights = groups.map(({ rows }) => rows.length * ROW + GAP);
  const bottom = top + heights.reduce((sum, height) => sum + height, 0);
  const elements = [label(8, 18, title, 'start', 'title'), ...legend(kinds, left, 40, mark)];
  for (let ratio = 0; ratio <= most; ratio += 0.25) {
    elements.push(stroke(ratio === 1 ? 'rule' : 'grid', x(ratio), top - 6, x(ratio), bottom));
    elements.push(label(x(ratio), bottom + 16, ratio === 1 ? '1 = duplicity' : ratio.toFixed(2), 'middle'));
  }
  let y = top;
  for (const [i, { name, rows }] of groups.entries()) {
    elements.push(label(left - 10, y + (heights[i] ?? 0) / 2, name, 'end'));
    for (const [row, { kind, middle, lowest, highest }] of rows.entries()) {
      const number = kinds.indexOf(kind);
      const at = y + ROW * (row + 0.5);
      elements.push(stroke(`range c${number % 4}`, x(lowest), at, x(highest), at), mark(number, x(middle), at));
      elements.push(label(x(Math.max(middle, highest)) + 9, at + 4, middle.toFixed(2)));
    }
    y += heights[i] ?? 0;
  }
  return svg(title, bottom + 26, elements);
}

/** Curves over the same sizes side by side, sizes in powers of ten; values as well, or from zero on. */
export function growthPlot({ title, names, size, about, panels }) {
  const top = 84;
  const height = 230;
  const gap = 70;
  const width = (WIDTH - gap * panels.length - 20) / panels.length;
  const key = (/** @type {number} */ i, /** @type {number} */ x, /** @type {number} */ y) =>
    stroke(`line c${i}`, x - 7, y, x + 7, y);
  const elements = [label(8, 18, title, 'start', 'title'), ...legend(names, 8, 40, key), label(8, 58, about)];
  for (const [i, panel] of panels.entries())
    elements.push(...drawPanel(panel, size, gap - 10 + i * (width + gap), top, width, height));
  return svg(title, top + height + 30, elements);
}

function drawPanel({ title, unit, fromZero = false, curves }, size, left, top, width, height) {
  const points = curves.flatMap((curve) => curve.points);
  const sizes = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b);
  const values = points.map(([, y]) => y);
  const lowX = Math.log10(sizes[0] ?? 1);
  const spanX = Math.max(0.1, Math.log10(sizes.at(-1) ?? 10) - lowX);
  const x = (/** @type {number} */ value) => left + (width * (Math.log10(value) - lowX)) / spanX;
  const scale = fromZero ? linear(Math.max(...values)) : logarithmic(Math.min(...values), Math.max(...values));
  const y = (/** @type {number} */ value) => top + height * (1 - scale.place(value));
  const elements = [label(left, top - 8, title)];
  for (const tick of scale.ticks) {
    elements.push(
      stroke('grid', left, y(tick), left + width, y(tick)),
      label(left - 6, y(tick) + 4, unit(tick), 'end'),
    );
  }
  for (const at of sizes) elements.push(label(x(at), top + height + 18, size(at), 'middle'));
  for (const { colour, isOther, points } of curves) {
    const path = points.map(([at, value]) => `${round(x(at))},${round(y(value))}`).join(' ');
    elements.push(`<polyline class="line c${colour}${isOther ? ' other' : ''}" points="${path}"/>`);
    for (const [at, value] of points) {
      elements.push(
        `<circle class="${isOther ? 'open' : 'dot'} c${colour}" cx="${round(x(at))}" cy="${round(y(value))}" r="3"/>`,
      );
    }
  }
  return elements;
}

function logarithmic(/** @type {number} */ least, /** @type {number} */ most) {
  const low = Math.floor(Math.log10(least));
  const high = Math.ceil(Math.log10(most));
  return {
    place: (/** @type {number} */ value) => (Math.log10(value) - low) / (high - low),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
  };
}

function linear(/** @type {number} */ most) {
  const step = 10 ** Math.floor(Math.log10(most));
  const width = most / step > 5 ? step : most / step > 2 ? step / 2 : step / 5;
  const high = Math.ceil(most / width) * width;
  return {
    place: (/** @type {number} */ value) => value / high,
    ticks: Array.from({ length: Math.round(high / width) + 1 }, (_, i) => i * width),
  };
}
