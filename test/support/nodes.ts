import { existsSync, readdirSync } from 'node:fs';
import { NODE } from './run.ts';
import { root } from './paths.ts';

/** A Node.js, by version, and the program itself. */
export type Node = readonly [name: string, path: string];

/** The one the tests run the program with, and the others that `npm test` has installed: one of each supported line. */
export function nodes(): readonly Node[] {
  const cache = `${root}/node_modules/.cache`;
  const folders = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith('node-')) : [];
  const others = folders.toSorted().flatMap((name) => {
    const modules = `${cache}/${name}/node_modules`;
    const path = existsSync(modules)
      ? readdirSync(modules)
          .map((part) => `${modules}/${part}/bin/node`)
          .find(existsSync)
      : undefined;
    return path === undefined || path === NODE ? [] : [[name, path] as const];
  });
  return [['the usual node', NODE], ...others];
}
