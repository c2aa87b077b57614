import { execFileSync } from 'node:child_process';
import { chmod, cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';

/**
 * Makes `dist/cluster-agent.cjs`, everything that the agent is in one file, and `dist/launch.cjs`, the executable that runs
 * it: a start takes a third of the time that it takes from a thousand files, and half of the memory.
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
  define: { 'import.meta.url': 'importMetaUrl', 'import.meta.dirname': '__dirname', ARMATURE_COMMIT: JSON.stringify(commit()) },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
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
  },
};

/** Packages that few starts need, each a file of its own where Node looks for it. */
const rare = ['@kubernetes/client-node'];
/** Native: copied as it is, because it looks for its library beside itself. */
const native = ['koffi'];

const dist = join(root, 'dist');
const modules = join(dist, 'node_modules');
await Promise.all(['compile-cache', 'node_modules'].map((each) => rm(join(dist, each), { recursive: true, force: true })));
for (const [entry, outfile] of [['src/main.ts', 'cluster-agent.cjs'] as const, ['src/launch.ts', 'launch.cjs'] as const]) {
  await build({ ...common, entryPoints: [entry], outfile: join(dist, outfile), external: [...rare, ...native], plugins: [withoutBallast] });
  await chmod(join(dist, outfile), 0o755);
}
for (const each of rare) await build({ ...common, entryPoints: [each], outfile: join(modules, each, 'index.js') });
for (const each of native) await cp(join(root, 'node_modules', each), join(modules, each), { recursive: true });
