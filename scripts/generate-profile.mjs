// Writes what is derived from the declaration of profiles in src/profile/schema: docs/schema/profile.json, for editors, and
// the table of keys in docs/profile.md; with --check only tells whether they are up to date.
import { readFileSync } from 'node:fs';
import { tsImport } from 'tsx/esm/api';
import { toJSONSchema } from 'zod/mini';
import { formatted, writeOrCheck } from './lib/generated.mjs';
import { root } from './lib/paths.mjs';
import { keyTable } from './lib/profile/key-table.mjs';
import { optionProperties } from './lib/profile/option-properties.mjs';

const SCHEMA = 'docs/schema/profile.json';
const PAGE = 'docs/profile.md';
const MARKS = /(<!-- keys: [^\n]*-->\n)[^]*(<!-- end of keys -->)/;

const load = (/** @type {string} */ name) => tsImport(`../src/${name}`, import.meta.url);
const { PROFILE } = await load('profile/schema/profile.ts');
const { globalRegistry } = await load('profile/libraries/zod.ts');
const { spellings } = await load('cli/options/table.ts');
const { isOfProfiles } = await load('profile/parts/option-words.ts');

const schema = toJSONSchema(PROFILE, {
  io: 'input',
  target: 'draft-7',
  metadata: globalRegistry,
  unrepresentable: 'any',
});
schema.title = 'A profile of duplicity';
const options = optionProperties(spellings().long.values(), isOfProfiles);
schema.definitions = { options: { type: 'object', properties: options, additionalProperties: false } };
for (const { properties } of [schema, schema.properties.store.additionalProperties]) {
  const { description } = properties.options;
  properties.options = { description, allOf: [{ $ref: '#/definitions/options' }] };
}
writeOrCheck(SCHEMA, formatted(SCHEMA, JSON.stringify(schema)), 'generate-profile');

const page = readFileSync(`${root}/${PAGE}`, 'utf8').replace(
  MARKS,
  (_all, begin, end) => `${begin}\n${keyTable(schema)}\n${end}`,
);
writeOrCheck(PAGE, formatted(PAGE, page), 'generate-profile');
