// Bundles src/main.ts into dist/duplicity.cjs. Libraries stay outside the bundle and are imported on first use.
// One file and CommonJS: it starts 12 ms of CPU time earlier than ES modules in chunks do, and a program that runs during
// a build has all its parts already. Modules that are imported on demand are still only evaluated then.
import { chmodSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { build } from 'esbuild';
import { inputsDigest, inputsLine } from './lib/inputs.mjs';
import { bundle, root, scratch } from './lib/paths.mjs';

// What is edited while the build runs must count as newer than the build.
const startedAt = new Date();
const digest = inputsDigest();
const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));

const {
  outputFiles: [entry],
} = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  packages: 'external',
  // Less to parse at each start; names stay, for the stack of a bug report.
  minifyWhitespace: true,
  minifySyntax: true,
  define: { __VERSION__: JSON.stringify(version) },
  write: false,
  logLevel: 'warning',
});

// Renamed into place: whoever starts the program meanwhile gets the old one or the new one.
mkdirSync(scratch, { recursive: true });
const temporary = `${scratch}/built-${process.pid}`;
writeFileSync(temporary, `#!/usr/bin/env node\n${entry.text}${inputsLine(digest)}`);
chmodSync(temporary, 0o755);
utimesSync(temporary, startedAt, startedAt);
mkdirSync(dirname(bundle), { recursive: true });
renameSync(temporary, bundle);
