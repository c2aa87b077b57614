#!/usr/bin/env node
import { lstatSync, mkdirSync } from 'node:fs';
import { createRequire, getSourceMapsSupport } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkLoader } from './chunk-loader.ts';

const chunks = join(import.meta.dirname, 'chunks');
const main = './main.cjs';

/** What V8 has compiled is kept, in the first of these folders that will do. */
const folders = [join(import.meta.dirname, 'code-cache'), join(tmpdir(), `cluster-agent-code-cache-${process.getuid?.() ?? 0}`)];

/** What lies in a cache is run: nobody else may have put it there. */
function isOurs(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    return [0, process.getuid?.()].includes(uid) && (mode & 0o022) === 0;
  } catch {
    return false;
  }
}

/** Commands run different parts of the same chunks. A path that is taken for the command costs a folder of that name, no more. */
function commandIn(args: readonly string[]): string {
  return args.find((arg) => /^[a-z][a-z-]*$/.test(arg)) ?? 'help';
}

if (getSourceMapsSupport().enabled) {
  // Only Node's own loader reads the maps.
  createRequire(join(chunks, 'launch'))(main);
} else {
  const cache = folders.find(isOurs);
  const loader = new ChunkLoader(chunks, cache === undefined ? undefined : join(cache, process.version, commandIn(process.argv.slice(2))));
  loader.load(main);
}
