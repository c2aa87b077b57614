import { fakeConfig } from '../../components/config/fake.ts';
import { ExternalMetricsServer } from '../../components/external-metrics/index.ts';
import { agentTransport } from '../../components/kubernetes/agent-transport.ts';
import { rememberedDenials } from '../../components/kubernetes/denials.ts';
import { httpKubernetes } from '../../components/kubernetes/http-kubernetes.ts';
import { LeaderElection } from '../../components/leader-election/index.ts';
import { lockElection } from '../../components/leader-election/lock-election.ts';
import { silentLog } from '../../components/log/silent.ts';
import { systemRandom } from '../../components/random/system.ts';
import { prometheusTelemetry } from '../../components/telemetry/prometheus.ts';
import { Clock, component, Jobs, run } from '../../src/fx/index.ts';
import { externalMetrics } from './agent.ts';

/** A replica as a process of its own, which says its port, and when it leads. Arguments: its name, its settings as JSON. */
const [, , name = '', settings = '{}'] = process.argv;
const config = JSON.parse(settings) as Readonly<Record<string, unknown>>;
const say = (what: string): void => void process.stdout.write(`${what}\n`);

const witness = component({
  name: 'witness',
  requires: { election: LeaderElection, server: ExternalMetricsServer, clock: Clock, jobs: Jobs },
  create: ({ election, server, clock, jobs }) => {
    election.subscribe((isLeader) => say(isLeader ? 'leads' : 'follows'));
    jobs.oneShot({
      name: 'tell-port',
      run: async (signal) => {
        while (server.port === 0) await clock.sleep(20, signal);
        say(`port ${server.port}`);
      },
    });
  },
});

const agent = [
  fakeConfig(config),
  silentLog,
  prometheusTelemetry,
  systemRandom,
  agentTransport,
  rememberedDenials,
  httpKubernetes,
  lockElection,
  ...externalMetrics(name),
  witness,
];
process.exitCode = await run(agent, { settings: (key) => config[key] });
