import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { component, Jobs, Lifecycle, Shutdowner } from '../fx/index.ts';
import { readConfig, runAgent } from '../cli/composition.ts';
import type { Terminal } from '../cli/terminal.ts';
import { namespace, openWorld, podName, type World } from './world.ts';

/** Milliseconds between two changes of the workload. */
const changeEveryMs = 5000;
/** The real controller looks every 15 s. */
const scaleEveryMs = 5000;
const renewTokenEveryMs = 1_800_000;

/** Runs the agent against a Kubernetes API server and a Datadog in this process, until Ctrl-C. @returns the exit code */
export async function runInSandbox(terminal: Terminal): Promise<number> {
  enterEnvironment();
  const asked = askedToEnd();
  const world = await openWorld();
  try {
    return await runAgent(await readConfig(world.folder), [lifeOf(world, { terminal, asked })]);
  } finally {
    await world.close();
  }
}

/**
 * A signal that comes before the agent listens for any must not end the process, or the world's folder would be left behind.
 * And one that no agent listens for, when the terminal is closed, ends this one as Ctrl-C does.
 */
function askedToEnd(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => asked.abort());
  return asked.signal;
}

/** What the environment says of another agent, its cluster and its proxies must not lead this one out of the sandbox. */
function enterEnvironment(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('DD_') || /^https?_proxy$/i.test(name)) delete process.env[name];
  // What the downward API tells a pod.
  process.env['DD_POD_NAME'] = podName;
  process.env['POD_NAMESPACE'] = namespace;
}

/** What goes on around the agent for as long as it runs. */
function lifeOf(world: World, { terminal, asked }: { terminal: Terminal; asked: AbortSignal }) {
  return component({
    name: 'sandbox',
    requires: { jobs: Jobs, lifecycle: Lifecycle, shutdowner: Shutdowner },
    create({ jobs, lifecycle, shutdowner }) {
      if (asked.aborted) shutdowner.shutdown();
      else asked.addEventListener('abort', () => shutdowner.shutdown());
      jobs.timer({ name: 'change the workload', everyMs: changeEveryMs, run: () => world.workload.step() });
      jobs.timer({ name: 'scale the workload', everyMs: scaleEveryMs, run: () => world.autoscaling.step() });
      jobs.timer({ name: 'renew the token', everyMs: renewTokenEveryMs, run: () => world.renewToken() });
      lifecycle.append({ name: 'say what to try', ready: async () => terminal.print(await whatToTry(world)) });
    },
  });
}

async function whatToTry({ cluster, datadog, folder, kubeconfig, ports, moved }: World): Promise<string> {
  const agent = process.env['npm_lifecycle_event'] === undefined ? 'cluster-agent' : 'npm run -s agent --';
  const token = await readFile(join(folder, 'auth_token'), 'utf8').catch(() => '');
  return `
The cluster agent runs, against a Kubernetes API server (${cluster.url}) and a Datadog (${datadog.url}) in this process.
${moved.map((each) => `Note: ${each}.\n`).join('')}
Try:

  in a browser         https://localhost:${ports.cluster_agent_cmd_port}/ui#token=${token}
  in another terminal  ${agent} status -c ${folder}
                       KUBECONFIG=${kubeconfig} kubectl get hpa,datadogmetrics,pods,leases,events --all-namespaces

Ctrl-C stops it; nothing is left then.
`;
}
