import { supply, type Component } from '../../src/fx/index.ts';
import { Hostname } from './index.ts';

/** A host for tests. */
export function fakeHostname(hostname = 'test-host'): Component<'hostname', never> {
  return supply(Hostname, { get: () => Promise.resolve({ hostname, provider: 'configuration', errors: {} }) });
}
