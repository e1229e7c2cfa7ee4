// Writes docs/api.md from the types and their comments: what `src/index.ts` exports. With --check only tells whether it is up
// to date. An export without a comment, and a function of the library without an example, are refused.
import { libraryDeclarations } from './lib/declarations.mjs';
import { apiPage } from './lib/api-page.mjs';
import { formatted, writeOrCheck } from './lib/generated.mjs';

const NAME = 'docs/api.md';
writeOrCheck(NAME, formatted(NAME, apiPage(await libraryDeclarations())), 'generate-api');
