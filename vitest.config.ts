import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that stop the servers which all others use. */
const faults = 'tests/fault-engines/**/*.test.ts';

const common = {
  pool: 'forks',
  setupFiles: 'src/app/v8-flags.ts',
  testTimeout: 30_000,
  hookTimeout: 30_000,
} as const;

export default defineConfig({
  test: {
    // Of the whole run: engines are started once, not for each project.
    globalSetup: ['tests/support/engines-setup.ts'],
    reporters: ['default', './scripts/test-totals.ts'],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary'],
    },
    projects: [
      {
        extends: false,
        test: {
          ...common,
          name: 'tests',
          include: ['tests/**/*.test.ts'],
          exclude: [...configDefaults.exclude, faults],
          // Many tests wait for a server or a disk, so that two share even a small machine well.
          maxWorkers: Math.min(Math.max(availableParallelism(), 2), 8),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: false,
        test: {
          ...common,
          name: 'faults',
          include: [faults],
          // When all others are done, and one file at a time.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
