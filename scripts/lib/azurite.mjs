// Azurite, the server for tests of azure://, in a folder of its own: its 374 packages are none of the program's.
import { existsSync, readFileSync } from 'node:fs';
import { root } from './paths.mjs';
import { run } from './run.mjs';

const FOLDER = `${root}/test/servers/azurite`;

/** @returns {Promise<string | undefined>} a sentence when it is missing: its tests are skipped then, or fail under CI */
export async function installAzurite() {
  if (isInstalled()) return undefined;
  const args = ['ci', '--prefix', FOLDER, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { ok, output } = await run('npm', args, { cwd: FOLDER });
  return ok ? undefined : `Azurite was not installed: not tested is azure://. ${output.trim().split('\n').at(-1)}`;
}

function isInstalled() {
  const installed = `${FOLDER}/node_modules/azurite/package.json`;
  const { dependencies } = JSON.parse(readFileSync(`${FOLDER}/package.json`, 'utf8'));
  return existsSync(installed) && JSON.parse(readFileSync(installed, 'utf8')).version === dependencies.azurite;
}
