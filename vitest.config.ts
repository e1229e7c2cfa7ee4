import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A test that has to wait for gpg or the reference is slow on two cores, never stuck.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
  },
});
