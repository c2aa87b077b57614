import { lstatSync, mkdirSync } from 'node:fs';
import { constants, createRequire, enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Takes half of the time off a start: what V8 has compiled is kept, in the first of these folders that will do. */
const folders = [join(import.meta.dirname, 'compile-cache'), join(tmpdir(), `cluster-agent-compile-cache-${process.getuid?.() ?? 0}`)];

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

const enabled: readonly number[] = [constants.compileCacheStatus.ENABLED, constants.compileCacheStatus.ALREADY_ENABLED];
if (process.env['NODE_COMPILE_CACHE'] === undefined) {
  folders.some((folder) => isOurs(folder) && enabled.includes(enableCompileCache(folder).status));
}
createRequire(import.meta.url)('./cluster-agent.cjs');
