// Writes docs/api.md from the types and their comments: what `src/index.ts` exports. With --check only tells whether it is up
// to date. An export without a comment, and a function of the library without an example, are refused.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { libraryDeclarations } from './lib/declarations.mjs';
import { apiPage } from './lib/api-page.mjs';
import { root, tool } from './lib/paths.mjs';

const path = `${root}/docs/api.md`;
const text = formatted(apiPage(await libraryDeclarations()));
if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (readFileSync(path, 'utf8') !== text) {
  process.stderr.write('docs/api.md is stale: run node scripts/generate-api.mjs\n');
  process.exitCode = 1;
}

function formatted(page) {
  return execFileSync(tool('oxfmt'), ['--stdin-filepath', path], { cwd: root, input: page, encoding: 'utf8' });
}
