import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { searchPath } from './home.ts';
import { root } from './paths.ts';

/** What a build needs besides src/. */
const FILES = ['duplicity', 'package.json', 'package-lock.json', 'tsconfig.json', 'scripts'];

/** Prints its words, its version and a greeting from a module of its own; `later` loads that after its input ended. */
const TINY_MAIN = `declare const __VERSION__: string;
async function main(): Promise<void> {
  const words = process.argv.slice(2);
  let input = '';
  if (words[0] === 'later') {
    process.stdout.write('started\\n');
    for await (const part of process.stdin) input += part;
  }
  const { greeting } = await import('../greeting.ts');
  process.stdout.write(JSON.stringify([greeting, __VERSION__, ...words, input]) + '\\n');
  process.exitCode = words[0] === 'fail' ? 42 : 0;
}
void main();
`;

/** A clone of this repository as a stranger gets it: no node_modules, nothing built. */
export function freshClone(dir: string): void {
  copy(dir, [...FILES, 'src']);
}

/** The same with a tiny program in the place of duplicity. */
export function tinyClone(dir: string): void {
  copy(dir, FILES);
  mkdirSync(`${dir}/src/bin`, { recursive: true });
  writeFileSync(`${dir}/src/bin/duplicity.ts`, TINY_MAIN);
  setGreeting(dir, 'hello');
}

export function setGreeting(dir: string, greeting: string): void {
  writeFileSync(`${dir}/src/greeting.ts`, `export const greeting = '${greeting}';\n`);
}

/**
 * A directory for the front of PATH with an `npm` that notes each call in `calls` and copies the modules of another
 * clone, of all that the record names those that a build needs: as good as the real one after its cache is filled, and it
 * tells whether it was needed.
 */
export function fakeNpm(dir: string, modules: string): { readonly path: string; readonly calls: () => number } {
  mkdirSync(dir);
  const script = `#!/bin/sh
echo "$@" >> '${dir}/calls'
while [ "$1" != --prefix ]; do shift; done
mkdir "$2/node_modules"
cd '${modules}' && cp -r .package-lock.json esbuild @esbuild toml-eslint-parser eslint-visitor-keys zod "$2/node_modules"
`;
  writeFileSync(`${dir}/npm`, script);
  chmodSync(`${dir}/npm`, 0o755);
  writeFileSync(`${dir}/calls`, '');
  return {
    path: `${dir}${delimiter}${searchPath()}`,
    calls: () => readFileSync(`${dir}/calls`, 'latin1').split('\n').length - 1,
  };
}

function copy(dir: string, names: readonly string[]): void {
  mkdirSync(dir, { recursive: true });
  for (const name of names) cpSync(`${root}/${name}`, `${dir}/${name}`, { recursive: true });
}
