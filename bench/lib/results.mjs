// Figures that were measured, kept in bench/results so that the page and its plots can be made anew without measuring.
import fs from 'node:fs';
import { dirname } from 'node:path';

const directory = `${dirname(import.meta.dirname)}/results`;
const pathOf = (name) => `${directory}/${name}.json`;

/** @returns {any} undefined: never measured */
function readResults(/** @type {string} */ name) {
  return fs.existsSync(pathOf(name)) ? JSON.parse(fs.readFileSync(pathOf(name), 'utf8')) : undefined;
}

function writeResults(/** @type {string} */ name, results) {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(pathOf(name), `${JSON.stringify(results, null, 1)}\n`);
}

/** Puts one figure in the place of the last of its kind, size, action and tool. */
export function keep(/** @type {string} */ name, figure) {
  const key = ({ kind, size, action, tool }) => [kind, size, action, tool].join();
  const others = (readResults(name) ?? []).filter((one) => key(one) !== key(figure));
  writeResults(name, [...others, figure]);
}
