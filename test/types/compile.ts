import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the project's own compiler, with the project's own options, on sources that are no part of the project. */
export async function compile(files: Readonly<Record<string, string>>, ...options: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fx-types-'));
  try {
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        rootDir: '/',
        typeRoots: [join(root, 'node_modules/@types')],
        rewriteRelativeImportExtensions: false,
        noUnusedLocals: false,
      },
      include: [join(folder, '*.ts')],
      exclude: [],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    for (const [name, source] of Object.entries(files))
      await writeFile(
        join(folder, name),
        source.replaceAll("'#fx'", `'${root}src/fx/index.ts'`).replaceAll("'#fx/testing'", `'${root}src/fx/testing.ts'`),
      );
    return await new Promise(
      (resolve) =>
        void execFile(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false', ...options], (_failed, stdout, stderr) =>
          resolve(`${stdout}${stderr}`),
        ),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A list of so many components, each of which requires up to three of those before it. */
export function generatedList(size: number): string {
  const lines = ["import { app, component, invoke, token } from '#fx';"];
  const names: string[] = [];
  for (let at = 0; at < size; at += 1) {
    const needs = at === 0 ? [] : [...new Set([at - 1, Math.floor(at / 2), Math.floor(at / 3)])];
    lines.push(
      `interface I${at} { readonly value${at}: number }`,
      `const T${at} = token<I${at}>()('t${at}');`,
      `const c${at} = component({ provides: T${at}, requires: { ${needs.map((each) => `n${each}: T${each}`).join(', ')} }, create: (${needs.length === 0 ? '' : 'needs'}) => ({ value${at}: ${needs.map((each) => `needs.n${each}.value${each}`).join(' + ') || '0'} }) });`,
    );
    names.push(`c${at}`);
  }
  lines.push(`export const built = app([${names.join(', ')}, invoke({ last: T${size - 1} }, ({ last }) => last.value${size - 1})]);`, '');
  return lines.join('\n');
}
