// The section of docs/performance.md that bench/backends.ts writes and npm run bench keeps.

const TITLE = '## Storage on servers';
/** Up to the next title of its level. */
const SECTION = /^## Storage on servers\n+([^]*?)\n+(?=## )/m;
const NEXT = '## Doing it again';

/** @returns {string} what is under the title; empty when the page has no such section */
export function storedSection(/** @type {string} */ page) {
  return SECTION.exec(page)?.[1] ?? '';
}

/** @param {string} page @param {string} body what is to be under the title; empty for no section */
export function replaceSection(page, body) {
  const rest = page.replace(SECTION, '');
  return body === '' ? rest : rest.replace(NEXT, () => `${TITLE}\n\n${body.trim()}\n\n${NEXT}`);
}
