// Makes the clone ready to run. Called by ./duplicity when something looks stale by its time; looks at the content and
// does nothing when that is up to date. Writes to stderr only. `--all` installs the tools for checks and tests too.
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { bundle, root } from './lib/paths.mjs';
import { say, setUp } from './lib/set-up.mjs';

// What is edited from here on counts as newer than the build.
const startedAt = new Date();
const NOT_WRITABLE = new Set(['EACCES', 'EPERM', 'EROFS']);

// What is made here serves every user of the clone, even when a cron job with a private umask makes it.
process.umask(0o022);
try {
  const problem = await setUp({ all: process.argv.includes('--all') });
  if (problem === undefined) markFresh();
  else fail(problem);
} catch (error) {
  if (error.code === undefined) throw error;
  if (!NOT_WRITABLE.has(error.code)) fail(`the set-up of ${root} failed: ${error.message}`);
  else refuse();
}

/** Lets the launcher's comparison of times succeed from now on. Where that is not possible, it asks us again. */
function markFresh() {
  const built = statSync(bundle).mtimeMs;
  try {
    for (const entry of readdirSync(dirname(bundle), { recursive: true, withFileTypes: true })) {
      const path = `${entry.parentPath}/${entry.name}`;
      // One build, one time; see removeOldChunks in build.mjs.
      if (entry.isFile() && statSync(path).mtimeMs === built) utimesSync(path, startedAt, startedAt);
    }
  } catch (error) {
    if (!NOT_WRITABLE.has(error.code)) throw error;
  }
}

/** An old build is better than no backup tonight; without one there is nothing to run. */
function refuse() {
  const remedy = `Run ${root}/duplicity --version once as its owner.`;
  if (existsSync(bundle) && existsSync(`${root}/node_modules`)) {
    say(
      `warning: ${root} has changed since it was built, and this user may not write there: the old build runs. ${remedy}`,
    );
  } else {
    fail(`${root} is not set up yet, and this user may not write there. ${remedy}`);
  }
}

function fail(problem) {
  say(problem);
  process.exitCode = 1;
}
