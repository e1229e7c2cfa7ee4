// Figures that were measured, kept in bench/results so that the page and its plots can be made anew without measuring.
import fs from 'node:fs';
import { dirname } from 'node:path';

const directory = `${dirname(import.meta.dirname)}/results`;
const pathOf = (name) => `${directory}/${name}.json`;

/** @returns {any} undefined: never measured */
export function readResults(/** @type {string} */ name) {
  return fs.existsSync(pathOf(name)) ? JSON.parse(fs.readFileSync(pathOf(name), 'utf8')) : undefined;
}

export function writeResults(/** @type {string} */ name, results) {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(pathOf(name), `${lines(results, Array.isArray(results) ? 1 : 2)}\n`);
}

/** Puts one figure in the place of the last of its kind, size, action and tool. */
export function keep(/** @type {string} */ name, figure) {
  const key = ({ kind, size, action, tool }) => [kind, size, action, tool].join();
  const others = (readResults(name) ?? []).filter((one) => key(one) !== key(figure));
  writeResults(name, [...others, figure]);
}

/** JSON with a line for each value so many levels deep. */
function lines(value, levels) {
  if (levels === 0 || typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const parts = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .map(([key, one]) => (isList ? '' : `${JSON.stringify(key)}: `) + lines(one, levels - 1));
  return `${isList ? '[' : '{'}\n${parts.join(',\n')}\n${isList ? ']' : '}'}`;
}
