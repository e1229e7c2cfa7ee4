import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter } from 'node:path';
import { root } from './paths.ts';

export const NOBODY = 65_534;

const said = new Set<string>();
let reference: { readonly path: string | undefined } | undefined;

/** For `describe.runIf`: false, with a printed reason, where the program is missing; under CI=true that is an error. */
export function requireTool(name: string): boolean {
  return findTool(name) !== undefined || missing(`the program "${name}" is not installed`);
}

/** The same for the reference 0.8.22: `duplicity` in PATH or the path in DUPLICITY_0_8. */
export function requireReference(): boolean {
  return (
    referencePath() !== undefined || missing('duplicity 0.8.22 is not installed (PATH, or DUPLICITY_0_8=/path/to/it)')
  );
}

/** The same for a module of the system's Python, which the reference may use. */
export function requirePythonModule(name: string): boolean {
  const { status } = spawnSync('/usr/bin/python3', ['-c', `import ${name}`]);
  return status === 0 || missing(`the Python module "${name}" is not installed`);
}

/** The same for root, which may make device files and foreign owners. */
export function requireRoot(): boolean {
  return process.getuid?.() === 0 || missing('not root');
}

/**
 * The same for running the program as another user, which root can. Not an error under CI where the clone lies in a
 * private directory, such as root's home on Debian: no other user can start what is there.
 */
export function requireAnotherUser(): boolean {
  if (!requireRoot()) return false;
  const reads = spawnSync('test', ['-r', `${root}/package.json`], { uid: NOBODY, gid: NOBODY });
  return reads.status === 0 || skipped('the clone lies where other users may not read');
}

/** Asks each candidate for its version: a `duplicity` in PATH may well be this one. */
export function referencePath(): string | undefined {
  if (reference === undefined) {
    const path = process.env['DUPLICITY_0_8'] ?? findTool('duplicity');
    const version = path === undefined ? '' : spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout;
    reference = { path: /^duplicity 0\.8\./m.test(version ?? '') ? path : undefined };
  }
  return reference.path;
}

function findTool(name: string): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((dir) => `${dir}/${name}`);
  return candidates.find((path) => isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function missing(reason: string): false {
  if (process.env['CI'] === 'true') throw new Error(`cannot test: ${reason}`);
  return skipped(reason);
}

function skipped(reason: string): false {
  if (!said.has(reason)) console.warn(`skipped: ${reason}`);
  said.add(reason);
  return false;
}
