import { defineConfig } from 'vitest/config';

/** Workspace packages are read from their sources, so no build is needed to run a unit test. */
const conditions = ['@espalier/source', 'node', 'import', 'module', 'default'];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } };

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          // A limit against hanging, not a measure: a busy machine must not fail a test.
          testTimeout: 60_000,
          include: [
            'packages/*/{src,test,bench}/**/*.test.ts',
            'scripts/**/*.test.mjs',
            'server/src/**/*.test.ts',
            'webviews/src/**/*.test.ts',
            'extension/src/**/*.test.ts',
          ],
        },
      },
      {
        ...shared,
        test: { name: 'protocol', include: ['server/test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        ...shared,
        test: {
          name: 'pages',
          include: ['webviews/test/**/*.test.ts'],
          // A browser on a busy machine may answer late once; a fault of ours comes back.
          retry: 2,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['extension/test/e2e/**/*.test.ts'],
          retry: 2,
          testTimeout: 240_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
