import { token } from '../../src/fx/index.ts';

export { hostnameSettings } from './settings.ts';

export interface HostnameData {
  readonly hostname: string;
  /** Which provider knew it: `configuration`, `container`, `os`, ... */
  readonly provider: string;
  /** Why the others did not, by provider. */
  readonly errors: Readonly<Record<string, string>>;
}

/** The host that the agent reports for. Resolved once, kept for the life of the process. */
export interface Hostname {
  /** @throws Error when no provider knows a reliable name */
  get(): Promise<HostnameData>;
}
export const Hostname = token<Hostname>()('hostname');
