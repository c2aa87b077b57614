import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { expect, it } from 'vitest';
import { encodeSourceLines, SourceLines } from './source-lines.ts';

const source = `
interface Gone { readonly text: string }
export function one(given: Gone): string {
  return given.text
    .trim()
    .toUpperCase();
}
export const two = (log: { info(text: string): void }): void => {
  for (const text of ['a', 'b'])
    log.info(\`of
      several lines \${text}\`);
};
`;

async function written(content: Buffer): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'source-lines-'));
  const path = join(folder, 'chunk.cjs');
  await writeFile(`${path}.lines`, content);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

it("finds the line that Node's reader of source maps finds, at every place", async () => {
  const options = { loader: 'ts', sourcefile: 'components/x/y.ts', sourcemap: 'external', minifyWhitespace: true, format: 'cjs' } as const;
  const { code, map } = await transform(source, options);
  const parsed = JSON.parse(map) as { sources: string[]; mappings: string };
  await using file = await written(encodeSourceLines(parsed));
  const lines = new SourceLines();
  const reference = new SourceMap(JSON.parse(map) as ConstructorParameters<typeof SourceMap>[0]);
  const seen = new Set<number>();
  for (const [line, text] of code.split('\n').entries()) {
    for (let column = 0; column < text.length; column += 1) {
      const entry = reference.findEntry(line, column);
      const expected = 'originalLine' in entry ? { file: entry.originalSource, line: entry.originalLine + 1 } : undefined;
      expect(lines.find(file.path, line + 1, column + 1), `${line}:${column}`).toEqual(expected);
      if (expected !== undefined) seen.add(expected.line);
    }
  }
  expect(seen.size).toBeGreaterThan(5);
});

it('knows nothing of packages, though they stand between our own lines', async () => {
  // Columns 0, 10 and 20 of the only line: ours, theirs, ours again.
  const mappings = 'AAAA,UCAA,UDEA';
  await using file = await written(encodeSourceLines({ sources: ['src/a.ts', 'node_modules/b/index.js'], mappings }));
  const lines = new SourceLines();
  expect([1, 10, 11, 20, 21, 99].map((column) => lines.find(file.path, 1, column)?.line)).toEqual([1, 1, undefined, undefined, 3, 3]);
});

it('knows nothing where nothing, or something else, was written', async () => {
  const lines = new SourceLines();
  expect(lines.find('/nowhere/chunk.cjs', 1, 1)).toBeUndefined();
  for (const content of ['', 'rubbish that is no table']) {
    await using file = await written(Buffer.from(content));
    expect(lines.find(file.path, 1, 1)).toBeUndefined();
  }
});
