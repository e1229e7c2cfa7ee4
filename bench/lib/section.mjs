// Sections of docs/performance.md that nobody but their authors write: the page is made anew around them.

/** The one of bench/backends.ts. */
export const STORAGE = 'Storage on servers';
const KEPT = ['Address space', STORAGE];
const NEXT = '## Doing it again';

/** Up to the next title of its level. */
const sectionOf = (/** @type {string} */ title) => new RegExp(`^## ${title}\\n+([^]*?)\\n+(?=## )`, 'm');

/** @returns {string} `page` with what stands under the kept titles in `before` */
export function keepSections(/** @type {string} */ page, /** @type {string} */ before) {
  return KEPT.reduce((made, title) => replaceSection(made, title, sectionOf(title).exec(before)?.[1] ?? ''), page);
}

/** @param {string} body what is to be under the title; empty for no section */
export function replaceSection(/** @type {string} */ page, /** @type {string} */ title, body) {
  const rest = page.replace(sectionOf(title), '');
  return body === '' ? rest : rest.replace(NEXT, () => `## ${title}\n\n${body.trim()}\n\n${NEXT}`);
}
