import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

// Runs before each file of tests. A property that fails by chance once in a thousand runs would stop work that has nothing to
// do with it: the suite tries the same cases every time. `SEED=random` looks for new ones, `SEED=N` has those of a find again.
const SEED = process.env['SEED'] ?? '1';
const { testPath = '' } = expect.getState();
// What imports it pays for it.
if (SEED !== 'random' && readFileSync(testPath, 'utf8').includes("from 'fast-check'")) {
  const { configureGlobal } = await import('fast-check');
  configureGlobal({ seed: Number(SEED) });
}
