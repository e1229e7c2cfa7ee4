// Bundles src/main.ts into dist/. Heavy libraries stay outside the bundle and are imported on first use.
// Safe while older builds run: every file is renamed into place, the entry last, and the chunks of the build before this
// one stay, because a running backup may still import them. `--clean` removes those too.
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { build } from 'esbuild';
import { inputsDigest, inputsLine } from './lib/inputs.mjs';
import { bundle, root, scratch } from './lib/paths.mjs';

// What is edited while the build runs must count as newer than the build.
const startedAt = new Date();
const digest = inputsDigest();
const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { duplicity: 'src/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  packages: 'external',
  define: { __VERSION__: JSON.stringify(version) },
  write: false,
  logLevel: 'warning',
});

const previousBuild = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
mkdirSync(scratch, { recursive: true });
for (const { path, text } of outputFiles.filter((file) => file.path !== bundle)) put(path, text);
const entry = outputFiles.find((file) => file.path === bundle);
put(bundle, `#!/usr/bin/env node\n${entry.text.replace(/^#!.*\n/, '')}${inputsLine(digest)}`, 0o755);
removeOldChunks(new Set(outputFiles.map((file) => file.path)));

function put(path, text, mode = 0o644) {
  const temporary = `${scratch}/built-${process.pid}`;
  writeFileSync(temporary, text);
  chmodSync(temporary, mode);
  utimesSync(temporary, startedAt, startedAt);
  mkdirSync(dirname(path), { recursive: true });
  renameSync(temporary, path);
}

/** Files of one build carry one time: what is older than the last build belongs to none that can still be running. */
function removeOldChunks(current) {
  const keepFrom = process.argv.includes('--clean') ? Infinity : previousBuild;
  for (const entry of readdirSync(`${root}/dist`, { recursive: true, withFileTypes: true })) {
    const path = `${entry.parentPath}/${entry.name}`;
    if (entry.isFile() && !current.has(path) && statSync(path).mtimeMs < keepFrom) rmSync(path);
  }
}
