import type { StatusProvider } from '../../status/index.ts';
import { wireOf, type Entry } from './entry.ts';
import type { LocalCopy } from './local-copy.ts';

interface Parts {
  readonly copy: LocalCopy;
  /** `<namespace>/<name>` of the ConfigMap. */
  readonly name: () => Promise<string>;
  /** Why the ConfigMap could not be read lately; `undefined` when it could. */
  readonly problem: () => string | undefined;
  /** Why this replica, as the leader, could not keep it. */
  readonly writeProblem: () => string | undefined;
}

/** The section "Custom Metrics Server". */
export function statusOf({ copy, name, problem, writeProblem }: Parts): StatusProvider {
  return {
    name: 'Custom Metrics Server',
    section: 'Custom Metrics Server',
    json: async () => {
      const known = { Cmname: await name() };
      const entries = copy.state?.entries;
      if (entries === undefined) return { custommetrics: { ...known, StoreError: problem() ?? 'the ConfigMap has not been read yet' } };
      if (problem() !== undefined) return { custommetrics: { ...known, External: { ListError: problem() } } };
      const trouble = writeProblem();
      const found = { Metrics: entries.map(wireOf), Total: entries.length, Valid: validIn(entries) };
      const External = trouble === undefined ? found : { ...found, WriteError: trouble };
      return { custommetrics: { ...known, External } };
    },
    text: async () => {
      const entries = copy.state?.entries ?? [];
      const counts = `  ConfigMap name: ${await name()}\n  Total: ${entries.length}\n  Valid: ${validIn(entries)}\n`;
      const troubles = [problem(), writeProblem()].flatMap((each) => (each === undefined ? [] : [`  Error: ${each}\n`]));
      return counts + troubles.join('') + entries.map(paragraph).join('');
    },
  };
}

function validIn(entries: readonly Entry[]): number {
  return entries.filter(({ isValid }) => isValid).length;
}

const kindNames = { hpa: 'Horizontal', wpa: 'Watermark' } as const;

function paragraph({ kind, namespace, name, metric, labels, value, timestamp, isValid }: Entry): string {
  const tags = Object.entries(labels).map(([key, text]) => `${key}:${text}`);
  const lines = [
    `  * ${kindNames[kind]} Pod Autoscaler: ${namespace}/${name}`,
    `    Metric name: ${metric}`,
    `    Labels: ${tags.join(', ')}`,
    `    Value: ${value}`,
    `    Timestamp: ${new Date(timestamp * 1000).toISOString()}`,
    `    Valid: ${isValid}`,
  ];
  return `\n${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
