// Programs that tests run and npm does not bring; the list is test/support/debian-packages.txt.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { root } from './paths.mjs';
import { run } from './run.mjs';

const TRIES = 3;

/**
 * Installs what is missing where that is possible.
 * @returns {Promise<string[]>} for each program that is still missing a sentence; its tests are skipped, or fail under CI
 */
export async function installSystemPackages() {
  const wanted = readList().filter(({ program }) => !isPresent(program));
  if (wanted.length === 0) return [];
  const names = wanted.map(({ name }) => name);
  const obstacle =
    process.getuid?.() !== 0 ? 'not root' : existsSync('/usr/bin/apt-get') ? undefined : 'not Debian or Ubuntu';
  const failure = obstacle ?? (await aptInstall(names));
  return wanted
    .filter(({ program }) => !isPresent(program))
    .map(
      ({ name, program, use }) =>
        `${program} is missing and was not installed (${failure ?? `package ${name} does not bring it`}): not tested is ${use}`,
    );
}

/** @returns {Promise<string | undefined>} why it failed */
async function aptInstall(names) {
  console.log(`installing Debian packages: ${names.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  let last = '';
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const update = await run('apt-get', ['-qq', '-o', 'Acquire::Retries=2', 'update'], { env });
    const install = await run(
      'apt-get',
      ['-qq', '-y', '--no-install-recommends', '-o', 'Acquire::Retries=2', 'install', ...names],
      { env },
    );
    if (install.ok) return undefined;
    last = `${update.output}${install.output}`.trim().split('\n').at(-1);
  }
  return `apt-get: ${last}`;
}

function readList() {
  const lines = readFileSync(`${root}/test/support/debian-packages.txt`, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => /^(?<name>\S+)\s+(?<program>\S+)\s+#\s*(?<use>.*)$/.exec(line).groups);
}

/** A program in PATH, or `python3:NAME`, a module of the system's Python. */
function isPresent(program) {
  const module = /^python3:(\w+)$/.exec(program)?.[1];
  if (module !== undefined) return spawnSync('/usr/bin/python3', ['-c', `import ${module}`]).status === 0;
  return (process.env.PATH ?? '').split(delimiter).some((dir) => isExecutable(`${dir}/${program}`));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
