// Starts the built program with the code that V8 made of it at build time: 8 ms of CPU less than parsing it anew.
'use strict';
const { readFileSync, statSync } = require('fs');
const { dirname } = require('path');
const { Script } = require('vm');
const { checkNode } = require('./lib/check-node.cjs');

const dist = `${dirname(__dirname)}/dist`;
const bundle = `${dist}/duplicity.cjs`;
const codeCache = `${dist}/duplicity.code`;

/** Of the bundle's last line. */
const DIGEST_LENGTH = 64;
/** What stands in front of the code in its cache; a multiple of 8, or V8 would copy what follows. */
const KEY_LENGTH = 128;

if (require.main === module) run();
else module.exports = { bundle, cacheKey, compile, readCache, run };

/** The bundle is ASCII, as esbuild writes it. */
function compile(source, cachedData) {
  const body = `//${source.slice('#!'.length)}`;
  return new Script(`(function(exports,require,module,__filename,__dirname){${body}\n})`, {
    filename: bundle,
    cachedData,
  });
}

/** The code for this bundle and this node, if it is there. */
function readCache(source) {
  try {
    const cache = readFileSync(codeCache);
    return cache.latin1Slice(0, KEY_LENGTH) === cacheKey(source) ? cache.subarray(KEY_LENGTH) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * V8 itself compares no more than the length of the source and its own version, which all releases of Node 20 share: what
 * one of them made crashes the others.
 */
function cacheKey(source) {
  const { size, mtimeMs } = statSync(process.execPath);
  const node = `${process.version} ${process.arch} ${size} ${Math.trunc(mtimeMs)}`;
  return source.slice(-DIGEST_LENGTH - 1, -1) + node.padEnd(KEY_LENGTH - DIGEST_LENGTH);
}

function run() {
  checkNode();
  let program;
  try {
    const source = readFileSync(bundle, 'latin1');
    program = compile(source, readCache(source)).runInThisContext();
  } catch (error) {
    console.error(`duplicity: the program cannot be loaded: ${error.message}.`);
    process.exit(1);
  }
  program(exports, require, module, bundle, dist);
}
