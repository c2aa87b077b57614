/** The agent of the bench, in a process of its own: what serves external metrics, and nothing beside it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fakeConfig } from '../../../components/config/fake.ts';
import { ExternalMetricsServer, MetricInventory } from '../../../components/external-metrics/index.ts';
import { agentTransport } from '../../../components/kubernetes/agent-transport.ts';
import { rememberedDenials } from '../../../components/kubernetes/denials.ts';
import { httpKubernetes } from '../../../components/kubernetes/http-kubernetes.ts';
import { alwaysLeader } from '../../../components/leader-election/always-leader.ts';
import { silentLog } from '../../../components/log/silent.ts';
import { systemRandom } from '../../../components/random/system.ts';
import { prometheusTelemetry } from '../../../components/telemetry/prometheus.ts';
import { component, run } from '../../../src/fx/index.ts';
import { externalMetrics } from '../../external-metrics/agent.ts';
import { serveParent } from './process.ts';

/** Settings by key. */
export type AgentOptions = Readonly<Record<string, unknown>>;

/** What the process has used since it was last asked. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssMb: number;
  /** Milliseconds, p99.9. */
  readonly lagMs: number;
}

export interface Agent extends Record<string, (...args: never[]) => unknown> {
  readonly port: () => number;
  /** How many metrics have a valid value, and the sum of these. */
  readonly valid: () => Promise<{ readonly count: number; readonly sum: number }>;
  readonly usage: () => Usage;
}

/** How often the loop is looked at; more often costs more than all that is measured. */
const lagResolutionMs = 10;
const [, , options = '{}'] = process.argv;
const config: AgentOptions = JSON.parse(options);

const witness = component({
  name: 'witness',
  requires: { server: ExternalMetricsServer, inventory: MetricInventory },
  create: ({ server, inventory }) => ({ server, inventory }),
  start: ({ server, inventory }) => {
    const lag = monitorEventLoopDelay({ resolution: lagResolutionMs });
    lag.enable();
    let cpu = process.cpuUsage();
    const agent: Agent = {
      port: () => server.port,
      valid: async () => {
        const valid = (await inventory.list()).filter(({ isValid }) => isValid);
        return { count: valid.length, sum: valid.reduce((sum, { value }) => sum + value, 0) };
      },
      usage: () => {
        const { user, system } = process.cpuUsage(cpu);
        cpu = process.cpuUsage();
        const used = {
          cpuMs: (user + system) / 1000,
          rssMb: process.memoryUsage.rss() / 2 ** 20,
          lagMs: lag.percentile(99.9) / 1e6 - lagResolutionMs,
        };
        lag.reset();
        return used;
      },
    };
    serveParent(agent);
  },
});

process.exitCode = await run(
  [
    fakeConfig(config),
    silentLog,
    prometheusTelemetry,
    systemRandom,
    agentTransport,
    rememberedDenials,
    httpKubernetes,
    alwaysLeader,
    ...externalMetrics(),
    witness,
  ],
  { settings: (key) => config[key] },
);
