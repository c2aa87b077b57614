import { token } from '../../src/fx/index.ts';

/** The version that the agent reports. Node agents ask for at least 7.55 before they use every route. */
export interface AgentVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly pre: string;
  readonly meta: string;
  /** Hexadecimal, more than 6 characters. */
  readonly commit: string;
}
export const AgentVersion = token<AgentVersion>()('agent-version');

/** `7.60.0`, with what follows a `-` or a `+` where there is such. */
export function versionText({ major, minor, patch, pre, meta }: AgentVersion): string {
  return `${major}.${minor}.${patch}${pre === '' ? '' : `-${pre}`}${meta === '' ? '' : `+${meta}`}`;
}
