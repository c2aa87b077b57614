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
