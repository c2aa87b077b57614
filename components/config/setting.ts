import { z } from 'zod';
import { Secret } from '../secrets/index.ts';

/** One key of the configuration, declared by the component that reads it. */
export interface Setting<out T = unknown> {
  /** Dotted and lower-case: `cluster_agent.cmd_port`. Its environment variable is `DD_CLUSTER_AGENT_CMD_PORT`. */
  readonly key: string;
  /** Checks and converts what a file, a variable or a caller gives. */
  readonly type: z.ZodType<T>;
  readonly default: T;
  readonly description: string;
  /** More variables that set it, besides the one that follows from the key. */
  readonly env: readonly string[];
}

interface SettingOptions<T> {
  readonly type: z.ZodType<T>;
  readonly default: NoInfer<T>;
  readonly description: string;
  readonly env?: readonly string[];
}

/** Declares a key; one record of them per component is listed in `src/settings.ts`. */
export function setting<T>(key: string, { env = [], ...options }: SettingOptions<T>): Setting<T> {
  return { key, env, ...options };
}

/** Takes what an environment variable can only say as text. */
function fromText<T>(type: z.ZodType<T>, parse: (text: string) => unknown): z.ZodType<T> {
  return z.preprocess((value) => (typeof value === 'string' ? parse(value.trim()) : value), type);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const truths: Readonly<Record<string, boolean>> = { true: true, t: true, '1': true, false: false, f: false, '0': false };
const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const inMs = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const inBytes = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Milliseconds of a Go duration (`1h30m`, `500ms`); a bare number counts seconds. */
function milliseconds(text: string): unknown {
  if (isNumber.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text.replace(/^[+-]/, '')) return text;
  const sum = parts.reduce((total, [, amount, unit]) => total + Number(amount) * inMs[unit as keyof typeof inMs], 0);
  return text.startsWith('-') ? -sum : sum;
}

function bytes(text: string): unknown {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]?)i?b?$/i.exec(text) ?? [];
  return amount === undefined ? text : Number(amount) * inBytes[unit.toLowerCase() as keyof typeof inBytes];
}

/** The types that keys of the agent's configuration have, in files and in the environment. */
export const type = {
  /** `true`, `false` and what Go's ParseBool takes. */
  boolean: fromText(z.boolean(), (text) => truths[text.toLowerCase()] ?? text),
  text: z.preprocess((value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value), z.string()),
  secret: z.preprocess((value) => (typeof value === 'string' ? new Secret(value) : value), z.instanceof(Secret)),
  integer: fromText(z.int(), (text) => (isNumber.test(text) ? Number(text) : text)),
  number: fromText(z.number(), (text) => (isNumber.test(text) ? Number(text) : text)),
  port: fromText(z.int().min(0).max(65_535), (text) => (isNumber.test(text) ? Number(text) : text)),
  /** Given as a Go duration (`5m`), kept in milliseconds. */
  duration: z.preprocess(
    (value) => (typeof value === 'string' ? milliseconds(value.trim()) : typeof value === 'number' ? value * 1000 : value),
    z.number(),
  ),
  /** `10Mb`, kept in bytes. */
  bytes: fromText(z.number().min(0), bytes),
  /** In a variable: separated by spaces, or a JSON array. */
  list: fromText(z.array(z.string()), (text) => (text.startsWith('[') ? json(text) : text.split(/\s+/).filter((each) => each !== ''))),
  /** In a variable: a JSON object. */
  map: fromText(z.record(z.string(), z.string()), json),
  /** Anything that YAML can say; in a variable: JSON. */
  any: fromText(z.unknown(), json),
  choice: <const T extends string>(...values: readonly [T, ...T[]]): z.ZodType<T> =>
    z.preprocess((value) => (typeof value === 'string' ? value.toLowerCase() : value), z.enum(values)),
};
