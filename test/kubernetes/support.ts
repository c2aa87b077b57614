import type { Access, Credentials } from '../../components/kubernetes/credentials.ts';
import { AgentTransport } from '../../components/kubernetes/agent-transport.ts';
import { systemClock } from '../../src/fx/clock.ts';

/** What a client of a server under test needs to be somebody. */
export interface Identity {
  readonly url: string;
  readonly ca: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Credentials that never change. */
export function fixedAccess({ url, ca, certificate, key, token, headers = {} }: Identity): Access {
  const credentials: Credentials = {
    tls: { ca, ...(certificate === undefined ? {} : { cert: certificate }), ...(key === undefined ? {} : { key }) },
    headers: token === undefined ? headers : { Authorization: `Bearer ${token}`, ...headers },
  };
  return {
    server: new URL(url),
    origin: 'the test',
    credentials: () => Promise.resolve(credentials),
    renew: () => Promise.resolve(undefined),
  };
}

/** A transport to a server of the test; close it at the end. */
export function transportTo(identity: Identity, warn: (text: string) => void = () => {}): AgentTransport {
  return new AgentTransport({ access: fixedAccess(identity), clock: systemClock, warn });
}
