import { SaxesParser } from 'saxes';
import { expect, test } from 'vitest';
import { growthPlot, ratioPlot } from '../../bench/lib/svg.mjs';

/** Elements by name and class; throws where it is no XML. */
function elementsOf(image: string): string[] {
  const found: string[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const kind = attributes['class'];
    found.push(typeof kind === 'string' ? `${name}.${kind}` : name);
  });
  parser.write(image).close();
  return found;
}

test('a plot of ratios has a mark and a line for each row, and one rule where both are equal', () => {
  const row = (kind: string, middle: number) => ({ kind, middle, lowest: middle - 0.1, highest: middle + 0.1 });
  const groups = [
    { name: 'full & <fast>', rows: [row('a', 0.5), row('b', 1.5)] },
    { name: 'list', rows: [row('b', 0.25)] },
  ];
  const image = ratioPlot({ title: 'Time', kinds: ['a', 'b'], groups });
  const elements = elementsOf(image);
  expect(elements.filter((name) => name.startsWith('line.range'))).toHaveLength(3);
  // One of each kind more: the legend.
  expect(elements.filter((name) => name === 'circle.dot c0')).toHaveLength(2);
  expect(elements.filter((name) => name === 'rect.dot c1')).toHaveLength(3);
  expect(elements.filter((name) => name === 'line.rule')).toHaveLength(1);
  for (const number of image.matchAll(/ (?:x|y|cx|cy|x1|x2|y1|y2)="([^"]*)"/g)) expect(Number(number[1])).not.toBeNaN();
});

test('a plot of growth has a point for each figure, within its panel', () => {
  const points: [number, number][] = [
    [10, 0.05],
    [1000, 0.5],
    [10_000_000, 500],
  ];
  const curves = [
    { colour: 0, isOther: false, points },
    { colour: 0, isOther: true, points: points.slice(0, 2) },
  ];
  const panels = [
    { title: 'Time', unit: String, curves },
    { title: 'Memory', unit: String, fromZero: true, curves },
  ];
  const image = growthPlot({ title: 'Growth', names: ['full'], size: String, about: '', panels });
  const elements = elementsOf(image);
  expect(elements.filter((name) => name === 'circle.dot c0')).toHaveLength(6);
  expect(elements.filter((name) => name === 'circle.open c0')).toHaveLength(4);
  expect(elements.filter((name) => name === 'polyline.line c0 other')).toHaveLength(2);
  const heights = [...image.matchAll(/ cy="([^"]*)"/g)].map((match) => Number(match[1]));
  expect(Math.min(...heights)).toBeGreaterThanOrEqual(84);
  expect(Math.max(...heights)).toBeLessThanOrEqual(84 + 230);
});
