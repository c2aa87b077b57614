import { placeIn } from './place.ts';

/** Every code that a finding can carry, and what it means. Stable: programs may branch on them. */
export const codes = {
  FX_BAD_DEFINITION: 'a component, module or list item is not what the framework takes',
  FX_MISSING: 'something is required that nothing in the list provides',
  FX_DUPLICATE: 'a token is provided, or decorated in one module, more than once',
  FX_TOKEN_CLASH: 'two different tokens have the same key',
  FX_CYCLE: 'components require each other in a circle',
  FX_NOTHING_TO_REPLACE: 'a replacement, or a decorator, is for something that the list does not provide',
  FX_CREATE_FAILED: 'a constructor or an invoked function threw or rejected',
  FX_CREATE_TIMEOUT: 'a constructor did not settle within its deadline',
  FX_BAD_VALUE: 'a constructor yielded something else than it declares',
  FX_START_FAILED: 'a start or ready hook threw or rejected',
  FX_START_TIMEOUT: 'a start or ready hook did not settle within its deadline',
  FX_STOP_FAILED: 'a stop or drain hook threw or rejected',
  FX_STOP_TIMEOUT: 'a stop or drain hook did not settle within its deadline',
  FX_INTERRUPTED: 'the start was interrupted by a stop, a signal or the caller',
  FX_STATE: 'the call does not fit the state of the app',
  FX_JOB_FAILED: 'a background job gave up and its failure shuts the app down',
  FX_LEAK: 'a test left timers, sockets, handles or listeners behind',
} as const;
export type Code = keyof typeof codes;

/** One thing that is wrong, with the answers to: what, who wanted it, where that is written, what to do. */
export interface Finding {
  readonly code: Code;
  readonly message: string;
  /** The component that is concerned. */
  readonly component?: string;
  /** Who wanted it: the component, and how it is reached from a root where that helps. */
  readonly wantedBy?: string;
  /** `file:line`. */
  readonly place?: string;
  /** `file:line` that threw it, if anything was thrown. */
  readonly thrownAt?: string | undefined;
  readonly fix: string;
  /** The circle of a cycle, first = last. */
  readonly path?: readonly string[];
  /** What the component threw. */
  readonly cause?: unknown;
}

/**
 * The one error of the framework: it carries every finding, so that all of a list's mistakes are mended at once. `code` is
 * that of the first finding, `cause` the first thing that a component threw.
 */
export class FxError extends Error {
  override readonly name = 'FxError';
  readonly code: Code;
  readonly findings: readonly [Finding, ...Finding[]];

  constructor(findings: FxError['findings']) {
    const thrown = findings.find(({ cause }) => cause !== undefined);
    super(render(findings), thrown);
    this.code = findings[0].code;
    this.findings = findings;
  }

  /** For JSON sinks and machines: the findings, with causes as text. */
  toJSON(): object {
    const findings = this.findings.map((each) => (each.cause === undefined ? each : { ...each, cause: messageOf(each.cause) }));
    return { name: this.name, code: this.code, findings };
  }
}

/** One error out of several findings, of those that are to blame if any is; `undefined` when there are none. */
export function errorOf(findings: readonly Finding[]): FxError | undefined {
  const guilty = findings.filter(isToBlame);
  const [first, ...others] = guilty.length > 0 ? guilty : findings.slice(0, 1);
  return first && new FxError([first, ...others]);
}

/** A component that was interrupted because another failed, or because the app is stopped, is not to blame. */
export const isToBlame = ({ code }: Finding): boolean => code !== 'FX_INTERRUPTED';

/** An error that is no component's; only a mistake of ours can be. */
export function unexpected(cause: unknown): FxError {
  if (cause instanceof FxError) return cause;
  const message = `the framework itself failed: ${messageOf(cause)}`;
  return new FxError([{ code: 'FX_STATE', message, fix: 'report this as a bug of the framework', cause }]);
}

/** What an error says; of several in one, and of `fetch failed`, what those behind it say too. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message, cause } = error;
  const behind = error instanceof AggregateError ? error.errors : [error instanceof TypeError ? (cause ?? '') : ''];
  return [message, behind.map(messageOf).join('; ')].filter((each) => each !== '').join(': ') || name;
}

/** What to say of what was thrown. It may be anything: a getter that throws must not keep others from their stop. */
export function examine(thrown: unknown): Required<Pick<Finding, 'cause' | 'message' | 'thrownAt'>> {
  try {
    const { stack } = Object(thrown) as Partial<Error>;
    return { cause: thrown ?? new Error(String(thrown)), message: messageOf(thrown), thrownAt: placeIn(stack) };
  } catch {
    const message = 'what was thrown cannot be read';
    return { cause: new Error(message, { cause: thrown }), message, thrownAt: undefined };
  }
}

/** A value in words, for messages about what is not as it should be; never the content of an object. */
export function describeValue(value: unknown): string {
  if (typeof value === 'function') return `the ${value.name === '' ? 'function' : `function ${value.name}`}`;
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'without prototype'})`;
  return typeof value === 'string' ? `the string ${JSON.stringify(value)}` : String(value);
}

function render(findings: FxError['findings']): string {
  const paragraphs = findings.map(({ code, message, wantedBy, place, thrownAt, fix }) => {
    const answers = { 'wanted by ': wantedBy, 'written at': place, 'thrown at ': thrownAt, 'what to do': fix };
    const lines = Object.entries(answers).flatMap(([what, answer]) => (answer === undefined ? [] : `\n  ${what} ${answer}`));
    return `${code}: ${message}${lines.join('')}`;
  });
  return [...(findings.length > 1 ? [`${findings.length} problems`] : []), ...paragraphs].join('\n');
}
