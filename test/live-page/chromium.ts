import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome'];
const installMs = 240_000;

function found(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A browser on this machine; where there is none and it is a Debian of ours, its package is installed. `undefined`: none can be had. */
export function chromium(): string | undefined {
  const present = found();
  if (present !== undefined || process.getuid?.() !== 0) return present;
  try {
    const options = { stdio: 'ignore', timeout: installMs, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options);
  } catch {
    // No Debian, or no network: then there is no browser.
  }
  return found();
}
