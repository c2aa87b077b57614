import { z } from 'zod';
import type { AutoscalerKind } from '../autoscalers.ts';
import { sortedBy } from '../sorted-by.ts';

/** A metric of one autoscaler, as it is kept in the ConfigMap. */
export interface Entry {
  readonly kind: AutoscalerKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** As the autoscaler spells it. */
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds since the epoch: of the value where it is valid, else of the attempt that failed. */
  readonly timestamp: number;
  readonly isValid: boolean;
  /** What makes two entries one: the same autoscaler, metric and labels. */
  readonly identity: string;
}

/** What is known of an entry, and what follows from that: asked for so often that it is worked out once. */
export function entryOf(fields: Omit<Entry, 'identity'>): Entry {
  const { kind, namespace, name, metric, labels } = fields;
  return { ...fields, identity: JSON.stringify([kind, namespace, name, metric, ...sortedLabels(labels).flat()]) };
}

/** The autoscaler: `hpa:<namespace>/<name>`, or `wpa:...`. */
export function referenceOf({ kind, namespace, name }: Entry): string {
  return `${kind}:${namespace}/${name}`;
}

/** Labels in an order that does not depend on how they were written. */
export function sortedLabels(labels: Entry['labels']): readonly (readonly [string, string])[] {
  return sortedBy(Object.entries(labels), ([name]) => name);
}

/** The Go agent's words for kinds of autoscalers. */
export const kindWords: Readonly<Record<AutoscalerKind, string>> = { hpa: 'horizontal', wpa: 'watermark' };

/** The Go agent's JSON of an entry. */
const wire = z.object({
  metricName: z.string().min(1),
  labels: z.record(z.string(), z.string()).nullish(),
  ts: z.number(),
  reference: z.object({
    type: z.enum(Object.values(kindWords)),
    name: z.string().min(1),
    namespace: z.string().min(1),
    uid: z.string().default(''),
  }),
  value: z.number(),
  valid: z.boolean().default(false),
});
export type WireEntry = z.output<typeof wire>;

export function wireOf({ kind, namespace, name, uid, metric, labels, value, timestamp, isValid }: Entry): WireEntry {
  const sorted = sortedLabels(labels);
  return {
    metricName: metric,
    labels: sorted.length === 0 ? null : Object.fromEntries(sorted),
    ts: Math.trunc(timestamp),
    reference: { type: kindWords[kind], name, namespace, uid },
    value,
    valid: isValid,
  };
}

/** The entry that a text stands for; `undefined` where it is none, or has the shape that older agents wrote. */
export function entryIn(text: string): Entry | undefined {
  const { data } = wire.safeParse(parsed(text));
  if (data === undefined) return undefined;
  const { metricName: metric, labels, ts: timestamp, reference, value, valid: isValid } = data;
  const { type, ...autoscaler } = reference;
  return entryOf({ kind: type === kindWords.wpa ? 'wpa' : 'hpa', ...autoscaler, metric, labels: labels ?? {}, value, timestamp, isValid });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
