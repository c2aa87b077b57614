import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['{src,components,test,examples}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    pool: 'forks',
    // Many tests wait for a real API server; on two cores one more worker than cores keeps both busy.
    maxWorkers: 3,
    // No test measures time; a machine that is busy with something else must not fail one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // Leak checks look at the whole process, so nothing of vitest's own may come and go while a test runs.
    fileParallelism: true,
  },
});
