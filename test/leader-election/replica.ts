import { fakeConfig } from '../../components/config/fake.ts';
import { agentTransport } from '../../components/kubernetes/agent-transport.ts';
import { rememberedDenials } from '../../components/kubernetes/denials.ts';
import { httpKubernetes } from '../../components/kubernetes/http-kubernetes.ts';
import { LeaderElection } from '../../components/leader-election/index.ts';
import { lockElection } from '../../components/leader-election/lock-election.ts';
import { silentLog } from '../../components/log/silent.ts';
import { mountedOwnPod } from '../../components/own-pod/mounted.ts';
import { systemRandom } from '../../components/random/system.ts';
import { prometheusTelemetry } from '../../components/telemetry/prometheus.ts';
import { component, Lifecycle, run } from '../../src/fx/index.ts';

/** A replica as a process of its own, which says when it leads, and what it believes when it wakes after having stood still. */
const [, , kubeconfig, leaseSeconds] = process.argv;

const say = (what: string): void => void process.stdout.write(`${what}\n`);
const stillMs = 1000;

const witness = component({
  name: 'witness',
  requires: { election: LeaderElection, lifecycle: Lifecycle },
  create: ({ election, lifecycle }) => {
    let timer: NodeJS.Timeout | undefined;
    election.subscribe((isLeader) => say(isLeader ? 'leads' : 'follows'));
    const start = (): void => {
      let last = performance.now();
      timer = setInterval(() => {
        const now = performance.now();
        if (now - last > stillMs) say(`woke, leading: ${election.isLeader()}`);
        last = now;
      }, 10);
    };
    lifecycle.append({ name: 'watch', start, stop: () => clearInterval(timer) });
  },
});

const config = fakeConfig({
  kubernetes_kubeconfig_path: kubeconfig,
  kube_resources_namespace: 'default',
  leader_lease_name: 'lock',
  leader_lease_duration: Number(leaseSeconds),
});
const agent = [
  config,
  silentLog,
  prometheusTelemetry,
  systemRandom,
  mountedOwnPod,
  agentTransport,
  rememberedDenials,
  httpKubernetes,
  lockElection,
  witness,
];
process.exitCode = await run(agent, { settings: () => true });
