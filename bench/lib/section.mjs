// The section of docs/performance.md that bench/backends.ts writes and npm run bench keeps.

const TITLE = '## Storage on servers';
/** Up to the next title of its level. */
const SECTION = /^## Storage on servers\n[^]*?(?=^## )/m;
const NEXT = '## Doing it again';

/** @returns {string} empty when the page has none */
export function storedSection(/** @type {string} */ page) {
  return SECTION.exec(page)?.[0].trimEnd() ?? '';
}

/** @param {string} page @param {string} body what follows the title */
export function replaceSection(page, body) {
  const without = page.replace(SECTION, '');
  return without.replace(NEXT, () => `${TITLE}\n\n${body.trimEnd()}\n\n${NEXT}`);
}
