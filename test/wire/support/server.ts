import { component, many, supply, type Component } from '../../../src/fx/index.ts';
import { testApp, type TestedApp } from '../../../src/fx/testing.ts';
import { ApiServer, GrpcService, Route } from '../../../components/api-server/index.ts';
import { patience, type Patience } from '../../../components/api-server/front.ts';
import { apiServerWith } from '../../../components/api-server/muxed.ts';
import { fakeAuthTokens } from '../../../components/auth-token/fake.ts';
import { fakeConfig, type FakeValues } from '../../../components/config/fake.ts';
import { LeaderElection } from '../../../components/leader-election/index.ts';
import { LeaderForwarder } from '../../../components/leader-forwarder/index.ts';
import { fakeLog, type Logged } from '../../../components/log/fake.ts';
import { Telemetry } from '../../../components/telemetry/index.ts';
import { prometheusTelemetry } from '../../../components/telemetry/prometheus.ts';
import type { Clock } from '../../../src/fx/index.ts';

export interface WireOptions {
  readonly routes?: readonly Route[];
  readonly services?: readonly GrpcService[];
  readonly values?: FakeValues;
  /** Default: the tokens of `fakeTokens`. */
  readonly tokens?: Component<'auth-token', never>;
  readonly election?: LeaderElection;
  readonly forwarder?: LeaderForwarder;
  readonly patience?: Partial<Patience>;
  readonly clock?: Clock;
}

/** The API server as the agent has it, on a free port, with these routes; stopped and looked through for leaks at the end of the block. */
export interface WireServer extends AsyncDisposable {
  readonly api: ApiServer;
  readonly port: number;
  readonly logged: readonly Logged[];
  /** `/metrics`, only the lines of one metric. */
  metric(name: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function wireServer(options: WireOptions = {}): Promise<WireServer> {
  const { routes = [], services = [], values = {}, tokens = fakeAuthTokens(), clock } = options;
  const logged: Logged[] = [];
  const list: readonly Component[] = [
    fakeConfig({ 'cluster_agent.cmd_port': 0, ...values }),
    fakeLog(logged),
    tokens,
    prometheusTelemetry,
    component({ name: 'routes', provides: many(Route, { flatten: true }), create: () => routes }),
    ...services.map((service) => supply(many(GrpcService), service)),
    ...(options.election === undefined ? [] : [supply(LeaderElection, options.election)]),
    ...(options.forwarder === undefined ? [] : [supply(LeaderForwarder, options.forwarder)]),
    apiServerWith({ ...patience, ...options.patience }),
  ];
  const tested: TestedApp<{ readonly api: typeof ApiServer; readonly telemetry: typeof Telemetry }> = await testApp(list, {
    requires: { api: ApiServer, telemetry: Telemetry },
    ...(clock === undefined ? {} : { clock }),
  });
  const { api, telemetry } = tested.needs;
  return {
    api,
    port: api.port,
    logged,
    metric: async (name) => (await telemetry.text()).split('\n').filter((line) => line.startsWith(name)),
    stop: () => tested.stop(),
    [Symbol.asyncDispose]: () => tested.stop(),
  };
}
