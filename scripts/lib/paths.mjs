import { fileURLToPath } from 'node:url';

/** The clone, without a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Temporary trees of set-up and build: on the file system of the clone, so that a rename puts them in place. */
export const scratch = `${root}/.tmp`;

export const bundle = `${root}/dist/duplicity.cjs`;

export const rdiffdir = `${root}/dist/rdiffdir.cjs`;

/** What `import 'duplicity-ts'` gets. */
export const library = `${root}/dist/index.js`;

export const libraryTypes = `${root}/dist/index.d.ts`;

/** What V8 compiled of the bundle. */
export const codeCache = `${root}/dist/duplicity.code`;

/** @param {string} name of a program that a dev dependency brings */
export function tool(name) {
  return `${root}/node_modules/.bin/${name}`;
}
