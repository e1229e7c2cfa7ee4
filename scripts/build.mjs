// Bundles src/bin/duplicity.ts into dist/duplicity.cjs. Libraries stay outside the bundle and are imported on first use.
// One file and CommonJS: it starts 12 ms of CPU time earlier than ES modules in chunks do, and a program that runs during
// a build has all its parts already. Modules that are imported on demand are still only evaluated then.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { build } from 'esbuild';
import { inputsDigest, inputsLine } from './lib/inputs.mjs';
import { bundle, codeCache, rdiffdir, root, scratch } from './lib/paths.mjs';

// What is edited while the build runs must count as newer than the build.
const startedAt = new Date();
const digest = inputsDigest();
const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));

/**
 * Two lines that are a shell script which starts node, and nothing but words to node. It does what `./duplicity` does:
 * only a shell can tell what the caller ignores, as nohup does with SIGHUP, because node takes that back; and under a limit
 * of the address space each thread would reserve 64 MB of it.
 */
const START = [
  '#!/usr/bin/env sh',
  `":" //; ${[
    '[ -r /proc/self/status ] && while read -r _field _value; do case $_field in SigIgn:) export DUPLICITY_SIGIGN="$_value"; break;; esac; done </proc/self/status',
    '[ "$(ulimit -v)" = unlimited ] || export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}"',
    'exec node "$0" "$@"',
  ].join('; ')}`,
  '',
].join('\n');

/** The bundle holds both programs and goes by the name it is called by. */
const RDIFFDIR = `${START}process.argv[1] = __filename;\nrequire("./duplicity.cjs");\n`;

/** What node itself has loaded when a program starts. */
const AT_HAND = ['node:events', 'node:fs', 'node:path', 'node:process'];

// Modules of node cost up to 5 ms each: one is loaded when something of it is first used.
const LAZY_MODULES = [
  '"use strict";const __load=require;',
  // Its own listener keeps node from opening a port to its debugger in a process that knows a passphrase.
  'process.on("SIGUSR1",()=>undefined);',
  `const __isLazy=(name)=>name.startsWith("node:")&&!${JSON.stringify(AT_HAND)}.includes(name);`,
  'const __later=(name)=>new Proxy({},{get:(_,key)=>__load(name)[key],ownKeys:()=>Reflect.ownKeys(__load(name)),',
  'getOwnPropertyDescriptor:(_,key)=>({value:__load(name)[key],enumerable:true,configurable:true})});',
  'require=(name)=>__isLazy(name)?__later(name):__load(name);',
].join('');

const {
  outputFiles: [entry],
} = await build({
  absWorkingDir: root,
  entryPoints: ['src/bin/duplicity.ts'],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  // Libraries come by require(), on first use as well: import() from a script with a code cache fails on Node 20.
  supported: { 'dynamic-import': false },
  packages: 'external',
  // Less to parse at each start; names stay, for the stack of a bug report.
  minifyWhitespace: true,
  minifySyntax: true,
  banner: { js: LAZY_MODULES },
  define: { __VERSION__: JSON.stringify(version) },
  write: false,
  logLevel: 'warning',
});

// Renamed into place: whoever starts the program meanwhile gets the old one or the new one.
mkdirSync(scratch, { recursive: true });
const temporary = `${scratch}/built-${process.pid}`;
writeFileSync(temporary, `${START}${entry.text}${inputsLine(digest)}`);
chmodSync(temporary, 0o755);
utimesSync(temporary, startedAt, startedAt);
mkdirSync(dirname(bundle), { recursive: true });
renameSync(temporary, bundle);
writeProgram(rdiffdir, RDIFFDIR);
makeCodeCache(`${scratch}/built-${process.pid}-code`);

/** In place at once, whole. */
function writeProgram(path, text) {
  writeFileSync(temporary, text);
  chmodSync(temporary, 0o755);
  renameSync(temporary, path);
}

/** Without one the program starts 8 ms later: nothing that a build would have to fail for. */
function makeCodeCache(temporary) {
  const env = { ...process.env };
  delete env.NODE_OPTIONS;
  delete env.DUPLICITY_TEST_FAULTS;
  const output = `${temporary}/cache`;
  const script = `${root}/scripts/lib/code-cache.cjs`;
  mkdirSync(temporary);
  const { status } = spawnSync(process.execPath, [script, output, temporary], {
    env,
    stdio: 'ignore',
    timeout: 60_000,
  });
  if (status === 0) renameSync(output, codeCache);
  else rmSync(codeCache, { force: true });
  rmSync(temporary, { recursive: true, force: true });
}
