import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/engines-setup.ts'],
    pool: 'forks',
    setupFiles: ['src/app/v8-flags.ts'],
    // Many tests wait for a server or a disk, so that two share even a small machine well.
    maxWorkers: Math.min(Math.max(availableParallelism(), 2), 8),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', './scripts/test-totals.ts'],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary'],
    },
  },
});
