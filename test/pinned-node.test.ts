import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

it('runs on the version of Node that package.json pins, from node_modules', () => {
  const manifest: unknown = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  expect(manifest).toMatchObject({ devDependencies: { node: process.version.slice(1) } });
  expect(process.execPath.startsWith(`${root}node_modules/`)).toBe(true);
});
