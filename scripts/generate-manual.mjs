// Writes what is derived from the option table in src/cli: man/duplicity.1, docs/options.md and the completions for bash,
// zsh and fish; with --check only tells whether they are up to date.
import { writeOrCheck } from './lib/generated.mjs';
import { bashCompletion } from './lib/manual/bash.mjs';
import { fishCompletion } from './lib/manual/fish.mjs';
import { manPage } from './lib/manual/man-page.mjs';
import { optionsPage } from './lib/manual/options-page.mjs';
import { readTables } from './lib/manual/tables.mjs';
import { zshCompletion } from './lib/manual/zsh.mjs';

const tables = await readTables();
/** @type {Record<string, string>} */
const files = {
  'docs/options.md': optionsPage(tables),
  'man/duplicity.1': manPage(tables),
  'completions/duplicity.bash': bashCompletion(tables),
  'completions/_duplicity': zshCompletion(tables),
  'completions/duplicity.fish': fishCompletion(tables),
};

for (const [name, text] of Object.entries(files)) writeOrCheck(name, text, 'generate-manual');
