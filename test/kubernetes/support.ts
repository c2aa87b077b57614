import { fakeConfig } from '../../components/config/fake.ts';
import { AgentTransport } from '../../components/kubernetes/agent-transport.ts';
import type { Access, Credentials } from '../../components/kubernetes/credentials.ts';
import { rememberedDenials } from '../../components/kubernetes/denials.ts';
import { UnreachableError } from '../../components/kubernetes/index.ts';
import { httpKubernetes } from '../../components/kubernetes/http-kubernetes.ts';
import { recordingTelemetry } from '../../components/kubernetes/test-support.ts';
import { Transport } from '../../components/kubernetes/transport.ts';
import { fakeLog, type Logged } from '../../components/log/fake.ts';
import { systemRandom } from '../../components/random/system.ts';
import { Telemetry } from '../../components/telemetry/index.ts';
import { systemClock } from '../../src/fx/system.ts';
import { Clock, component, Lifecycle, supply } from '../../src/fx/index.ts';

/** What a client of a server under test needs to be somebody. */
export interface Identity {
  readonly url: string;
  readonly ca: string;
  /** Also as `cert`. */
  readonly certificate?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Credentials that never change. */
export function fixedAccess({ url, ca, cert, certificate = cert, key, token, headers = {} }: Identity): Access {
  const credentials: Credentials = {
    tls: { ca, ...(certificate === undefined ? {} : { cert: certificate }), ...(key === undefined ? {} : { key }) },
    headers: token === undefined ? headers : { Authorization: `Bearer ${token}`, ...headers },
  };
  return {
    server: new URL(url),
    origin: 'the test',
    proxy: '',
    credentials: () => Promise.resolve(credentials),
    renew: () => Promise.resolve(undefined),
  };
}

/** A transport to a server of the test; close it at the end. */
export function transportTo(identity: Identity, warn: (text: string) => void = () => {}): AgentTransport {
  return new AgentTransport({ access: fixedAccess(identity), clock: systemClock, warn });
}

export interface ListOptions {
  /** Settings by key. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly logged?: Logged[];
  readonly telemetry?: Telemetry;
}

/**
 * What a component that requires `Kubernetes` is tested with: the real client, as this identity, and fakes of what it requires itself.
 * `await testApp([...kubernetesAs(cluster.clientFor({ user: 'agent' })), yours], { requires: { kubernetes: Kubernetes } })`
 */
export function kubernetesAs(identity: Identity, { config = {}, logged = [], telemetry = recordingTelemetry() }: ListOptions = {}) {
  const transport = component({
    name: 'test-transport',
    provides: Transport,
    requires: { clock: Clock, lifecycle: Lifecycle },
    create: ({ clock, lifecycle }) => {
      let running: AgentTransport | undefined;
      lifecycle.append({
        name: 'connections',
        start: () => void (running = new AgentTransport({ access: fixedAccess(identity), clock, warn: () => {} })),
        stop: () => running?.close(),
      });
      return {
        server: identity.url,
        open: async (request) => {
          if (running === undefined) throw new UnreachableError('the transport of the test has not started', { code: 'stopped' });
          return running.open(request);
        },
      };
    },
  });
  return [
    fakeConfig(config),
    fakeLog(logged),
    supply(Telemetry, telemetry),
    systemRandom,
    transport,
    rememberedDenials,
    httpKubernetes,
  ] as const;
}
