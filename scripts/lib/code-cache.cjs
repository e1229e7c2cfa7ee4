// Writes what V8 compiled of the bundle while it made and looked at a small backup. Called by build.mjs with the file to
// write and an empty directory. What such runs do not reach is compiled when it is needed, as without a cache.
'use strict';
const { mkdirSync, readFileSync, writeFileSync } = require('fs');
const { dirname } = require('path');
const v8 = require('v8');
const { bundle, cacheKey, compile } = require('../run.cjs');

const [, , output, directory] = process.argv;
const source = `${directory}/source`;
const url = `file://${directory}/remote`;
const options = ['--no-encryption', '--archive-dir', `${directory}/archive`, '--tempdir', directory];
const runs = [
  ['full', ...options, '--current-time', '1700000000', source, url],
  ['incremental', ...options, '--current-time', '1700003600', source, url],
  ['list-current-files', ...options, url],
  ['restore', ...options, url, `${directory}/restored`],
  ['collection-status', ...options, url],
];

mkdirSync(`${source}/directory`, { recursive: true });
writeFileSync(`${source}/directory/file`, 'content');
// Code is only good under the flags it was made with.
v8.setFlagsFromString = () => undefined;

const text = readFileSync(bundle, 'latin1');
const script = compile(text, undefined);
process.on('beforeExit', start);
start();

/** Not at once: a run that waits for nothing would else be followed by the end of the process. */
function start() {
  setImmediate(next);
}

function next() {
  const words = runs.shift();
  if (words === undefined) {
    process.off('beforeExit', start);
    writeFileSync(output, Buffer.concat([Buffer.from(cacheKey(text)), script.createCachedData()]));
    return;
  }
  process.argv = [process.execPath, bundle, ...words];
  script.runInThisContext()(exports, require, module, bundle, dirname(bundle));
}
