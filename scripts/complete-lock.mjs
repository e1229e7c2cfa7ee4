// Adds what `npm install` leaves out of package-lock.json when the registry in use does not offer the packages of some
// platforms. The new entries name version and platform, without a hash. Run it after every change of the dependencies.
import { readFileSync, writeFileSync } from 'node:fs';
import { LOCK_FILE, missingEntries } from './lib/lock-file.mjs';

const SYSTEMS = new Set([
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]);
const PROCESSORS = new Set(['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64']);

const lock = JSON.parse(readFileSync(LOCK_FILE, 'utf8'));
const missing = missingEntries(lock);
for (const { name, version, path, isDev } of missing) {
  const words = name.split(/[/-]/);
  lock.packages[path] = {
    version,
    cpu: words.filter((word) => PROCESSORS.has(word)),
    ...(isDev ? { dev: true } : {}),
    ...libc(words.at(-1)),
    optional: true,
    os: words.filter((word) => SYSTEMS.has(word)),
  };
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(LOCK_FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${missing.length} entries added`);

function libc(word) {
  if (word.startsWith('gnu')) return { libc: ['glibc'] };
  return word.startsWith('musl') ? { libc: ['musl'] } : {};
}
