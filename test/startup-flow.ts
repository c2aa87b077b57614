import type { App } from '../src/fx/index.ts';

const abort = 'abort';

/**
 * The flow of the Go agent: step, component, gate, and what its failure does. Where ours differs, it says why.
 * A failure that Go only logs is handled by the component itself, so that whatever needs it still runs.
 */
export const flow = [
  ['3', 'api-key', undefined, abort],
  ['4', 'metrics-server', undefined, abort],
  ['4', 'healthprobe', undefined, abort],
  ['6', 'auth-token', undefined, abort],
  ['6', 'api-server', undefined, abort],
  ['7', 'kubernetes', undefined, abort],
  ['7', 'kubernetes-readiness', undefined, abort],
  // The name of a host may carry the cluster's; nothing is asked for it yet.
  ['13', 'cluster-name', undefined, abort],
  ['8', 'hostname', undefined, abort],
  ['10', 'leader-election', 'leader_election is on', abort],
  // Go tells its forwarder who leads; ours asks the election, and so comes after it.
  ['5', 'leader-forwarder', undefined, abort],
  ['11', 'event-recorder', undefined, abort],
  ['13', 'cluster-id', undefined, abort],
  ['18', 'external-metrics-server', undefined, 'continue'],
  ['23', 'announcement', undefined, abort],
] as const;

/** The settings that switch on everything that is behind one. */
export const everything = {
  leader_election: true,
  log_to_console: true,
  'external_metrics_provider.enabled': true,
  'external_metrics_provider.use_datadogmetric_crd': true,
};

/** What the steps are about, each from its first component on. */
const parts = [
  ['api-key', 'can be asked'],
  ['kubernetes', 'knows where it is'],
  ['leader-election', 'knows who leads'],
  ['external-metrics-server', 'works'],
] as const;

/** The flow as it is planned, as the README shows it. */
export function startDiagram({ order }: ReturnType<App['plan']>): string {
  const gates = new Map(order.map(({ component, when }) => [component, when]));
  const steps = order.map(({ component }) => component).filter((name) => flow.some(([, each]) => each === name));
  const lines = ['flowchart LR'];
  for (const [index, name] of steps.entries()) {
    const part = parts.find(([first]) => first === name);
    if (part !== undefined) lines.push(...(index === 0 ? [] : ['  end']), `  subgraph ${part[0]}-part["${part[1]}"]`);
    const gate = gates.get(name);
    lines.push(`    ${name}["${name}${gate === undefined ? '' : `<br/><i>${gate}</i>`}"]`);
  }
  return [...lines, '  end', `  ${steps.join(' --> ')}`, ''].join('\n');
}
