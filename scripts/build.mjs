// Bundles src/bin/duplicity.ts into dist/duplicity.cjs and, with --library, src/index.ts into dist/index.js and its types. Libraries stay outside the bundle and are imported on first use.
// One file and CommonJS: it starts 12 ms of CPU time earlier than ES modules in chunks do, and a program that runs during
// a build has all its parts already. Modules that are imported on demand are still only evaluated then.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { declarationFile, libraryDeclarations } from './lib/declarations.mjs';
import { inputsDigest, inputsLine } from './lib/inputs.mjs';
import { bundle, codeCache, library, libraryTypes, rdiffdir, root, scratch } from './lib/paths.mjs';

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

/**
 * Libraries that are part of the bundle, because their packages are many times what is used of them. They stand in it as
 * texts: what is not needed is not even parsed. Their licences follow at its end.
 */
const INSIDE = ['toml-eslint-parser', 'eslint-visitor-keys', 'zod'];

const librariesAsTexts = {
  name: 'libraries as texts',
  setup({ onResolve, onLoad }) {
    const namespace = 'text';
    onResolve({ filter: /\/libraries\/\w+\.ts$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path),
      namespace,
    }));
    onLoad({ filter: /./, namespace }, async ({ path }) => {
      const { outputFiles } = await build({
        entryPoints: [path],
        bundle: true,
        format: 'cjs',
        platform: 'node',
        target: COMMON.target,
        minify: true,
        write: false,
      });
      const name = JSON.stringify(`duplicity-${basename(path, '.ts')}.cjs`);
      const code = JSON.stringify(`(function(module,exports){${outputFiles[0].text}\n})`);
      return {
        contents: `new (require('node:vm').Script)(${code},{filename:${name}}).runInThisContext()(module,exports);`,
      };
    });
  },
};

/** What their licences ask for. */
function notices() {
  const texts = INSIDE.map((name) => {
    const { version, license } = JSON.parse(readFileSync(`${root}/node_modules/${name}/package.json`, 'utf8'));
    const title = `${name} ${version} (${license})`;
    // The licence of this program is in its package.
    if (license === 'Apache-2.0') return title;
    return `${title}\n\n${readFileSync(`${root}/node_modules/${name}/LICENSE`, 'utf8').trim()}`;
  });
  return `/*\nThis file contains:\n\n${texts.join('\n\n').replaceAll('*/', '* /')}\n*/\n`;
}

const COMMON = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  plugins: [librariesAsTexts],
  // Less to parse at each start; names stay, for the stack of a bug report.
  minifyWhitespace: true,
  minifySyntax: true,
  define: { __VERSION__: JSON.stringify(version) },
  write: false,
  logLevel: 'warning',
};

const {
  outputFiles: [entry],
} = await build({
  ...COMMON,
  entryPoints: ['src/bin/duplicity.ts'],
  format: 'cjs',
  // Libraries come by require(), on first use as well: import() from a script with a code cache fails on Node 20.
  supported: { 'dynamic-import': false },
  banner: { js: LAZY_MODULES },
});

// Renamed into place: whoever starts the program meanwhile gets the old one or the new one.
mkdirSync(scratch, { recursive: true });
const temporary = `${scratch}/built-${process.pid}`;
writeFileSync(temporary, `${START}${entry.text}${notices()}${inputsLine(digest)}`);
chmodSync(temporary, 0o755);
utimesSync(temporary, startedAt, startedAt);
mkdirSync(dirname(bundle), { recursive: true });
renameSync(temporary, bundle);
writeInPlace(rdiffdir, RDIFFDIR, 0o755);
makeCodeCache(`${scratch}/built-${process.pid}-code`);
if (process.argv.includes('--library')) await buildLibrary();

/** ES modules in one file: nobody waits for its start, and drivers in it are still only evaluated when they are used. */
async function buildLibrary() {
  const [built, declarations] = await Promise.all([
    build({
      ...COMMON,
      entryPoints: ['src/index.ts'],
      format: 'esm',
      minifyWhitespace: false,
      minifySyntax: false,
      banner: { js: 'const __dirname=import.meta.dirname;' },
    }),
    libraryDeclarations(),
  ]);
  writeInPlace(library, built.outputFiles[0].text, 0o644);
  writeInPlace(libraryTypes, declarationFile(declarations), 0o644);
}

/** In place at once, whole. */
function writeInPlace(path, text, mode) {
  writeFileSync(temporary, text);
  chmodSync(temporary, mode);
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
