import * as z from 'zod/mini';
import { Secret } from '../secrets/index.ts';

/** One key of the configuration, declared by the component that reads it. */
export interface Setting<out T = unknown> {
  /** Dotted and lower-case: `cluster_agent.cmd_port`. Its environment variable is `DD_CLUSTER_AGENT_CMD_PORT`. */
  readonly key: string;
  /** Checks and converts what a file, a variable or a person gives. */
  readonly type: z.core.$ZodType<T>;
  readonly default: T;
  readonly description: string;
  /** More variables that set it, besides the one that follows from the key; an earlier one wins. */
  readonly env: readonly string[];
  /** False for a key that this agent accepts and shows, but that nothing reads. */
  readonly isUsed: boolean;
}

interface SettingOptions<T> {
  readonly type: z.core.$ZodType<T>;
  readonly default: NoInfer<T>;
  readonly description: string;
  readonly env?: readonly string[];
}

/** Declares a key; one record of them per component is listed in `src/settings.ts`. */
export function setting<T>(key: string, { env = [], ...options }: SettingOptions<T>): Setting<T> {
  return { key, env, isUsed: true, ...options };
}

/** Says in `message` what a setting accepts and, unless it may be a secret, what it was given. */
export class BadValueError extends Error {
  override readonly name = 'BadValueError';
}

/**
 * The value of a setting's type that a file, a variable or a person means.
 *
 * @throws BadValueError
 */
export function parse<T>(of: Setting<T>, input: unknown): T {
  return check(of, of.type, input);
}

/**
 * A value that code gives: checked, but read in no unit.
 *
 * @throws BadValueError
 */
export function verify<T>(of: Setting<T>, value: T): T {
  return check(of, verified(of.type), value);
}

function check<T>(of: Setting, schema: z.core.$ZodType<T>, value: unknown): T {
  const { success, data, error } = z.safeParse(schema, value);
  if (success) return data;
  const [issue] = error.issues;
  throw new BadValueError(`${of.key} must be ${issue === undefined ? 'something else' : wanted(issue)}${shown(of, value)}`);
}

/** What remains of a type without the reading of text. */
function verified<T>(schema: z.core.$ZodType<T>): z.core.$ZodType<T> {
  const isRead = schema instanceof z.ZodMiniPipe && schema.def.in instanceof z.ZodMiniTransform;
  return isRead ? (schema.def.out as z.core.$ZodType<T>) : schema;
}

/** Our own types say what they want as the message of their issue. */
function wanted(issue: z.core.$ZodIssue): string {
  const at = issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  if (issue.message !== '' && !issue.message.startsWith('Invalid')) return `${issue.message}${at}`;
  if (issue.code === 'invalid_type') return `of type ${issue.expected}${at}`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}${at}`;
  return `what its description says${at}`;
}

const longestShown = 24;

/** A value that is long or belongs to a secret-looking key is kept to ourselves. */
function shown({ key, type }: Setting, value: unknown): string {
  if (holdsSecret(type) || /key|token|pass|pwd|secret|cred|auth|proxy/.test(key)) return '';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > longestShown ? '' : `, not ${text}`;
}

/** Reads what a file or a variable may say in several ways, or in text only. */
function reads<T>(schema: z.core.$ZodType<T>, read: (input: unknown) => unknown): z.core.$ZodType<T> {
  return z.pipe(z.transform(read), schema);
}

function readsText<T>(schema: z.core.$ZodType<T>, read: (text: string) => unknown): z.core.$ZodType<T> {
  return reads(schema, (input) => (typeof input === 'string' ? read(input.trim()) : input));
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const asText = (input: unknown): unknown => (typeof input === 'number' || typeof input === 'boolean' ? String(input) : input);

const truths = new Map([
  ...['true', 't', '1', 'yes', 'y', 'on'].map((each) => [each, true] as const),
  ...['false', 'f', '0', 'no', 'n', 'off'].map((each) => [each, false] as const),
]);

function numeric(text: string): unknown {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$|^0x[\da-f]+$|^0o[0-7]+$/i.test(text) ? Number(text) : text;
}

const inMs = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/y;

/** Milliseconds of a Go duration (`1h30m`, `500ms`); a bare number counts seconds. */
function milliseconds(input: unknown): unknown {
  const given = typeof input === 'string' ? numeric(input.trim()) : input;
  if (typeof given === 'number') return given * 1000;
  if (typeof given !== 'string') return given;
  const unsigned = given.replace(/^[+-]/, '');
  let sum = 0;
  let at = 0;
  while (at < unsigned.length) {
    durationPart.lastIndex = at;
    const [part, amount, unit] = durationPart.exec(unsigned) ?? [];
    if (part === undefined) return given;
    sum += Number(amount) * inMs[unit as keyof typeof inMs];
    at += part.length;
  }
  if (at === 0) return given;
  return given.startsWith('-') ? -sum : sum;
}

const inBytes = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function bytes(text: string): unknown {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]?)i?b?$/i.exec(text) ?? [];
  return amount === undefined ? text : Math.round(Number(amount) * inBytes[unit.toLowerCase() as keyof typeof inBytes]);
}

/** Elements separated by a pattern, or a JSON array. */
function list(text: string, separator: RegExp): unknown {
  return text.startsWith('[') ? json(text) : text.split(separator).filter((each) => each !== '');
}

const eachAsText = (input: unknown): unknown => (Array.isArray(input) ? input.map(asText) : input);
const isRecord = (input: unknown): input is Record<string, unknown> => typeof input === 'object' && input !== null && !Array.isArray(input);
const texts = z.array(z.string('text'), 'a list of texts, in a variable separated by spaces or a JSON array');

function isHttpProxy(text: string): boolean {
  return text === '' || (/^https?:\/\/./i.test(text) && URL.canParse(text));
}

/** The types that keys of the agent's configuration have, in files and in the environment. */
export const type = {
  /** `true`, `false`, what Go's ParseBool takes, and `yes`, `no`, `on`, `off`. */
  boolean: reads(z.boolean('true or false'), (input) => {
    const text = asText(input);
    return typeof text === 'string' ? (truths.get(text.trim().toLowerCase()) ?? text) : text;
  }),
  text: reads(z.string('text'), asText),
  /** An URL; `http://` may be left out. */
  httpProxy: readsText(
    z.string('text').check(z.refine(isHttpProxy, 'the URL of an HTTP proxy, such as http://proxy:3128')), //
    (text) => (text === '' || text.includes('://') ? text : `http://${text}`),
  ),
  /** Without white space around it. */
  secret: reads(z.instanceof(Secret, { error: 'text' }), (input) => {
    const text = asText(input);
    return typeof text === 'string' ? new Secret(text.trim()) : text;
  }),
  integer: readsText(z.int('an integer'), numeric),
  positiveInteger: readsText(z.int('an integer above 0').check(z.minimum(1, 'an integer above 0')), numeric),
  number: readsText(z.number('a number'), numeric),
  port: readsText(z.int('a port').check(z.minimum(0, 'a port, 0 to 65535'), z.maximum(65_535, 'a port, 0 to 65535')), numeric),
  /** Given as a Go duration (`5m`) or in seconds, kept in milliseconds. */
  duration: reads(z.number('a duration such as 30s or 1h30m, or a number of seconds'), milliseconds),
  positiveDuration: reads(z.number('a duration above 0').check(z.gt(0, 'a duration above 0')), milliseconds),
  /** `10Mb`, kept in bytes. */
  bytes: readsText(z.number('a size such as 10Mb').check(z.minimum(0, 'a size of at least 0')), bytes),
  /** In a variable: separated by spaces, or a JSON array. */
  list: reads(texts, (input) => eachAsText(typeof input === 'string' ? list(input.trim(), /\s+/) : input)),
  /** As `list`, but commas separate too. */
  commaList: reads(texts, (input) => eachAsText(typeof input === 'string' ? list(input.trim(), /[\s,]+/) : input)),
  /** In a variable: a JSON object. */
  map: reads(z.record(z.string(), z.string('text'), 'a map from text to text, in a variable a JSON object'), (input) => {
    const given = typeof input === 'string' ? json(input) : input;
    return isRecord(given) ? Object.fromEntries(Object.entries(given).map(([key, value]) => [key, asText(value)])) : given;
  }),
  /** Anything that YAML can say; in a variable: JSON. */
  any: reads(z.unknown(), (input) => (typeof input === 'string' ? json(input) : input)),
  choice: <const T extends string>(...values: readonly [T, ...T[]]): z.core.$ZodType<T> =>
    readsText(z.enum(values, `one of ${values.join(', ')}`), (text) => text.toLowerCase()),
};

const textual = new Set<unknown>(Object.values(type).filter((each) => each !== type.any));

/** Whether a type wants numbers as they are written: `1.10`, or a key of nothing but digits. */
export function readsAsWritten({ type: given }: Setting): boolean {
  return textual.has(given);
}

export function holdsSecret(given: z.core.$ZodType): boolean {
  return given === type.secret;
}

const units = [
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** A duration as Go writes it: `10m0s`, `1.5s`, `500ms`. */
function goDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (Math.abs(ms) < 1000) return `${ms}ms`;
  let rest = Math.abs(ms);
  let text = ms < 0 ? '-' : '';
  for (const [unit, length] of units) {
    const amount = Math.floor(rest / length);
    if (amount > 0 || /[hm]$/.test(text)) text += `${amount}${unit}`;
    rest -= amount * length;
  }
  return `${text}${rest / 1000}s`;
}

/** A value as a file would say it; what a secret holds is in it. */
export function written(given: Setting | undefined, value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  return given?.type === type.duration && typeof value === 'number' ? goDuration(value) : value;
}
