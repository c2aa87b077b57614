import { z } from 'zod';
import { DelegateError, type ExternalMetricValue } from '../index.ts';
import { decimalIn } from '../quantity.ts';

/** What came back, whatever its status. */
export interface DelegateAnswer {
  readonly status: number;
  readonly body: string;
}

const list = z.object({
  kind: z.literal('ExternalMetricValueList'),
  items: z
    .array(
      z.object({
        metricName: z.string(),
        metricLabels: z.record(z.string(), z.string()).nullish(),
        timestamp: z.iso.datetime({ offset: true }).nullish(),
        value: z.union([z.string(), z.number()]).transform(String),
      }),
    )
    .nullable()
    .transform((items) => items ?? []),
});
const failure = z.object({ kind: z.literal('Status'), message: z.string().default(''), reason: z.string().optional() });

/** Longer messages are cut: they end in the status of an autoscaler. */
const messageMax = 500;

/**
 * The values in an answer, each with the quantity as it was written.
 *
 * @param now seconds since the epoch: the time of values that have none
 * @throws DelegateError that names the server
 */
export function valuesIn({ status, body }: DelegateAnswer, server: string, now: number): readonly ExternalMetricValue[] {
  const json = parsed(body);
  if (status !== 200) throw failureIn(status, json, server);
  const { data } = list.safeParse(json);
  const values = data?.items.map(({ metricName, metricLabels, timestamp, value: quantity }) => {
    const value = numberIn(quantity);
    const at = timestamp === undefined || timestamp === null ? now : Date.parse(timestamp) / 1000;
    return value === undefined ? [] : [{ metricName, metricLabels: metricLabels ?? undefined, timestamp: Math.trunc(at), value, quantity }];
  });
  if (values === undefined || values.some((each) => each.length === 0))
    throw new DelegateError(`${server} answers with what is no list of metric values`, { code: 500, reason: 'InternalError' });
  return values.flat();
}

function failureIn(status: number, json: unknown, server: string): DelegateError {
  const { data } = failure.safeParse(json);
  const message = data?.message.slice(0, messageMax) ?? `status ${status}`;
  // Whoever reads the metric has been let in: the one who was refused is this agent.
  if (status === 401)
    return new DelegateError(`${server} refuses the token of this agent: ${message}`, { code: 500, reason: 'InternalError' });
  const code = status >= 400 && status < 600 ? status : 500;
  return new DelegateError(`${server}: ${message}`, { code, reason: data?.reason ?? 'InternalError' });
}

function numberIn(quantity: string): number | undefined {
  const decimal = decimalIn(quantity);
  if (decimal === undefined) return undefined;
  const { isNegative, digits, scale } = decimal;
  return Number(`${isNegative ? '-' : ''}${digits}e${scale}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
