// Starts the built program with the code that V8 made of it at build time: 8 ms of CPU less than parsing it anew.
'use strict';
const { readFileSync } = require('fs');
const { dirname } = require('path');
const { Script, constants } = require('vm');
const { checkNode } = require('./lib/check-node.cjs');

const dist = `${dirname(__dirname)}/dist`;
const bundle = `${dist}/duplicity.cjs`;
const codeCache = `${dist}/duplicity.code`;

/** What stands in front of the code in its cache, and at the end of the bundle: V8 itself compares only lengths. */
const DIGEST_LENGTH = 64;

if (require.main === module) run();
else module.exports = { bundle, compile, digestOf, run };

/** The bundle is ASCII, as esbuild writes it. */
function compile(source, cache) {
  const isFor = cache !== undefined && cache.latin1Slice(0, DIGEST_LENGTH) === digestOf(source);
  const body = `//${source.slice('#!'.length)}`;
  return new Script(`(function(exports,require,module,__filename,__dirname){${body}\n})`, {
    filename: bundle,
    cachedData: isFor ? cache.subarray(DIGEST_LENGTH) : undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

function digestOf(source) {
  return source.slice(-DIGEST_LENGTH - 1, -1);
}

/** Of another version of node, V8 refuses it and does without. */
function readCache() {
  try {
    return readFileSync(codeCache);
  } catch {
    return undefined;
  }
}

function run() {
  checkNode();
  const script = compile(readFileSync(bundle, 'latin1'), readCache());
  script.runInThisContext()(exports, require, module, bundle, dist);
}
