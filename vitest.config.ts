import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The slowest test takes 20 s on two cores that have nothing else to do: one that is much slower is not stuck.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    setupFiles: ['test/support/fixed-seed.ts'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
  },
});
