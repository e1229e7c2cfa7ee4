// Writes docs/schema/json-lines.json, the schema of the lines of --json, from the types in src/ui/json/lines.ts; with
// --check only tells whether it is up to date.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { root, tool } from './lib/paths.mjs';
import { setUp } from './lib/set-up.mjs';

const NAME = 'docs/schema/json-lines.json';

// The generator brings a compiler of its own: after a change of the dependencies it may not be here yet.
const problem = await setUp({ all: true, build: false });
if (problem !== undefined) throw new Error(problem);
const { createGenerator } = await import('ts-json-schema-generator');

const schema = createGenerator({
  path: `${root}/src/ui/json/lines.ts`,
  tsconfig: `${root}/tsconfig.json`,
  type: 'JsonLine',
  expose: 'export',
  topRef: true,
  jsDoc: 'extended',
  sortProps: true,
  strictTuples: true,
  skipTypeCheck: true,
  // Lines may grow without breaking those who check them.
  additionalProperties: true,
}).createSchema('JsonLine');
schema.title = 'A line of duplicity --json';
const text = formatted(JSON.stringify(schema));

const path = `${root}/${NAME}`;
if (!process.argv.includes('--check')) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
} else if (readIfThere(path) !== text) {
  process.stderr.write(`${NAME} is stale: run node scripts/generate-schema.mjs\n`);
  process.exitCode = 1;
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** As the formatter wants it, so that the check for formats leaves it alone. */
function formatted(/** @type {string} */ text) {
  const { stdout, status, stderr } = spawnSync(tool('oxfmt'), ['--stdin-filepath', NAME], {
    cwd: root,
    input: text,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}
