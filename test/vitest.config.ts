import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['{src,components,test,examples}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    pool: 'forks',
    // Leak checks look at the whole process, so nothing of vitest's own may come and go while a test runs.
    fileParallelism: true,
  },
});
