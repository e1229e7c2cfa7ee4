// Writes docs/schema/json-lines.json, the schema of the lines of --json, from the types in src/ui/json/lines.ts; with
// --check only tells whether it is up to date.
import { formatted, writeOrCheck } from './lib/generated.mjs';
import { root } from './lib/paths.mjs';
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
writeOrCheck(NAME, formatted(NAME, JSON.stringify(schema)), 'generate-schema');
