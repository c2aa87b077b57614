import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { build, transform, type BuildOptions, type Plugin, type TransformOptions } from 'esbuild';
import { encodeSourceLines, type SourceMap } from './source-lines.ts';

/**
 * Makes of the agent what an image holds: `dist/launch.cjs`, the executable, and `dist/chunks`, one file for each command and
 * for what several commands share. A start takes a third of the time that it takes from a thousand files, and half of the memory.
 */
const root = join(import.meta.dirname, '..');
const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  // Names of classes and functions stand in errors, logs and profiles.
  minifyIdentifiers: false,
  legalComments: 'linked',
  logLevel: 'warning',
  // Packages leave out what helps only those who work on them.
  define: { 'process.env.NODE_ENV': '"production"', 'import.meta.dirname': '__dirname', ARMATURE_COMMIT: JSON.stringify(commit()) },
};

/** The commit that is built: what `COMMIT` says, or the repository; zeros outside of one. */
function commit(): string {
  const { COMMIT: given = '' } = process.env;
  if (given !== '') return given;
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '0000000';
  }
}

/** Media types that the agent's API speaks; Koa brings a database of all that there are, three times. */
const mediaTypes = /^(text\/(plain|html|css)|application\/(json|octet-stream|x-www-form-urlencoded|zip)|multipart\/form-data)$/;

/** Takes out data that every start would load and none would look at. */
const withoutBallast: Plugin = {
  name: 'without-ballast',
  setup(builder) {
    builder.onLoad({ filter: /\/mime-db\/db\.json$/ }, async ({ path }) => {
      const all = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
      const kept = Object.fromEntries(Object.entries(all).filter(([type]) => mediaTypes.test(type)));
      return { contents: JSON.stringify(kept), loader: 'json' };
    });
    // Messages in forty languages; ours are English.
    builder.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
    // By its name `z` the whole of zod is taken; as a namespace, the fifth that is used.
    builder.onLoad({ filter: /\/(src|components)\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      return { contents: source.replace("import { z } from 'zod';", "import * as z from 'zod';"), loader: 'ts' };
    });
  },
};

/** Packages that few runs need, each a file of its own where Node looks for it. */
const rare = ['@kubernetes/client-node', '@grpc/proto-loader'];
/** Native: copied as it is, because it looks for its library beside itself. */
const native = ['koffi'];

/** esbuild splits ES modules only. As CommonJS, a chunk can be loaded with the code that V8 made of it, and `node:http` without `fetch`. */
async function buildChunks(folder: string): Promise<void> {
  const { outputFiles } = await build({
    ...common,
    format: 'esm',
    splitting: true,
    write: false,
    sourcemap: 'inline',
    sourcesContent: false,
    entryPoints: ['src/main.ts'],
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    external: [...rare, ...native],
    plugins: [withoutBallast],
  });
  for (const { path, text } of outputFiles) {
    if (path.endsWith('.cjs')) await writeChunk(path, await transform(text, asCommonJs));
    else await writeFile(path, text);
  }
}

/** A chunk, its source map for `--enable-source-maps`, and what the log reads of that. */
async function writeChunk(path: string, { code, map }: { readonly code: string; readonly map: string }): Promise<void> {
  const { sources, mappings } = JSON.parse(map) as SourceMap;
  const fromRoot = sources.map((source) => relative(root, resolve(dirname(path), source)));
  await writeFile(path, `${code}//# sourceMappingURL=${basename(path)}.map\n`);
  await writeFile(`${path}.map`, map);
  await writeFile(`${path}.lines`, encodeSourceLines({ sources: fromRoot, mappings }));
}
const asCommonJs: TransformOptions = {
  format: 'cjs',
  platform: 'node',
  target: 'node22',
  supported: { 'dynamic-import': false },
  sourcemap: 'external',
  sourcesContent: false,
  minifySyntax: true,
  minifyWhitespace: true,
};

/** Where it goes: the first argument, or `dist`. */
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
const modules = join(dist, 'node_modules');
const chunks = join(dist, 'chunks');
await Promise.all([chunks, join(dist, 'code-cache'), modules].map((each) => rm(each, { recursive: true, force: true })));
await mkdir(chunks, { recursive: true });
await buildChunks(chunks);
await build({ ...common, entryPoints: ['src/launch.ts'], outfile: join(dist, 'launch.cjs') });
await chmod(join(dist, 'launch.cjs'), 0o755);
for (const each of rare) await build({ ...common, entryPoints: [each], outfile: join(modules, each, 'index.js') });
for (const each of native) await cp(join(root, 'node_modules', each), join(modules, each), { recursive: true });
