import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('peers/', import.meta.url));

/** Installs what the framework is measured against, on first use and when the lock file has changed since. */
export function installPeers(): void {
  const [wanted, installed] = [`${folder}package-lock.json`, `${folder}node_modules/.package-lock.json`];
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  process.stderr.write('installing the peers (npm ci in test/bench/peers)\n');
  const { status, error } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: folder, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('npm ci in test/bench/peers failed', { cause: error });
}
