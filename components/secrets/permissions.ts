import { access, constants, stat } from 'node:fs/promises';
import { SecretBackendError } from './backend-error.ts';

const groupWrites = 0o020;
const groupAll = 0o070;
const othersAll = 0o007;

/**
 * Whoever may change the command, or run it in the agent's place, has the secrets.
 *
 * @param allowGroupExec lets the group read and run it
 * @throws SecretBackendError that says which right is too much, or missing
 */
export async function checkPermissions(command: string, allowGroupExec: boolean): Promise<void> {
  const { mode } = await stat(command).catch((error: unknown) => {
    throw new SecretBackendError(`invalid executable '${command}': can't stat it: ${codeOf(error)}`);
  });
  if (!allowGroupExec && (mode & (groupAll | othersAll)) !== 0) {
    throw new SecretBackendError(`invalid executable '${command}', 'group' or 'others' have rights on it`);
  }
  if (allowGroupExec && (mode & (groupWrites | othersAll)) !== 0) {
    throw new SecretBackendError(`invalid executable '${command}', 'others' have rights on it or 'group' has write permissions on it`);
  }
  await access(command, constants.X_OK).catch(() => {
    throw new SecretBackendError(`invalid executable '${command}', it is not executable by the user of the agent`);
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
