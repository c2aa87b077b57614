import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { secretSettings, type Config } from '../config/index.ts';
import { messageOf, SecretBackendError } from './backend-error.ts';
import { checkPermissions } from './permissions.ts';

/** How the backend is run. */
export interface Backend {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly timeoutMs: number;
  /** Bytes of its output, and of its standard error, that are read at most. */
  readonly outputMax: number;
  readonly allowGroupExec: boolean;
  readonly removeTrailingLineBreak: boolean;
  /** For backends that serve several kinds of store; with it, the protocol is 1.1. */
  readonly store: { readonly type: string; readonly config: unknown } | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Of the image of the Go agent; it is checked by who builds that. */
const bundledConnector = '/opt/datadog-agent/bin/secret-generic-connector';
const defaultTimeoutMs = 30_000;
/** Bytes, of output and of files. */
export const defaultSizeMax = 1024 * 1024;

/** @returns `undefined` when none is configured */
export function backendOf(config: Pick<Config, 'get'>, env: Backend['env']): Backend | undefined {
  const storeType = config.get(secretSettings.storeType);
  const command = config.get(secretSettings.command) || (storeType === '' ? '' : bundledConnector);
  if (command === '') return undefined;
  return {
    command,
    arguments: config.get(secretSettings.arguments),
    timeoutMs: config.get(secretSettings.timeout) || defaultTimeoutMs,
    outputMax: config.get(secretSettings.outputMaxSize) || defaultSizeMax,
    allowGroupExec: config.get(secretSettings.allowGroupExec),
    removeTrailingLineBreak: config.get(secretSettings.removeTrailingLineBreak),
    store: storeType === '' ? undefined : { type: storeType, config: config.get(secretSettings.storeConfig) ?? {} },
    env,
  };
}

/** What happened, for telemetry and the log. */
export interface BackendWatcher {
  /** @param exitCode `0`, ..., `timeout` or `unknown` */
  ran(run: { readonly command: string; readonly exitCode: string; readonly elapsedMs: number; readonly stderr: string }): void;
  unreadable(): void;
  refused(kind: 'missing' | 'error' | 'empty', handle: string): void;
}

/**
 * Asks for the secrets of some handles, in one run.
 *
 * @throws SecretBackendError unless there is one for every handle
 */
export async function askBackend(
  backend: Backend,
  handles: readonly string[],
  watcher: BackendWatcher,
): Promise<ReadonlyMap<string, string>> {
  await checkPermissions(backend.command, backend.allowGroupExec);
  const answers = readAnswers(await run(backend, question(backend, handles), watcher), watcher);
  return new Map(handles.map((handle) => [handle, secretOf(handle, answers, { backend, watcher })]));
}

function question({ store, timeoutMs }: Backend, handles: readonly string[]): string {
  if (store === undefined) return JSON.stringify({ version: '1.0', secrets: handles });
  return JSON.stringify({
    version: '1.1',
    secrets: handles,
    secret_backend_timeout: Math.ceil(timeoutMs / 1000),
    type: store.type,
    config: store.config,
  });
}

/** @returns its output @throws SecretBackendError when it fails, hangs or says too much */
async function run(backend: Backend, input: string, watcher: BackendWatcher): Promise<string> {
  const began = performance.now();
  // A process group of its own, so that what the command has started is ended with it.
  const child = spawn(backend.command, backend.arguments, { env: backend.env, detached: true, stdio: 'pipe' });
  const kill = (): void => killGroup(child);
  let problem: string | undefined;
  const giveUp = (why: string): void => {
    problem ??= why;
    kill();
  };
  const output = collect(child.stdout, backend.outputMax, giveUp);
  const stderr = collect(child.stderr, backend.outputMax, giveUp);
  child.stdin.on('error', () => {}); // a command that does not read what it is asked
  child.stdin.end(input);
  // Another process lives in real time, whatever the app's clock says.
  const timer = setTimeout(() => giveUp('command timeout'), backend.timeoutMs);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code !== 0) problem ??= signal === null ? `exit status ${code}` : `signal: ${signal}`;
  } catch (error) {
    problem ??= messageOf(error);
  } finally {
    clearTimeout(timer);
  }
  const exitCode = problem === 'command timeout' ? 'timeout' : String(child.exitCode ?? 'unknown');
  watcher.ran({ command: backend.command, exitCode, elapsedMs: performance.now() - began, stderr: stderr() });
  if (problem !== undefined) throw new SecretBackendError(`error while running '${backend.command}': ${problem}`);
  return output();
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // gone already
  }
}

/** Keeps what a stream says, up to a limit. */
function collect(stream: NodeJS.ReadableStream, max: number, giveUp: (why: string) => void): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > max) giveUp(`command output was too long: exceeded ${max} bytes`);
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

type Answers = Readonly<Record<string, unknown>>;

/** What the parser says would quote the output, so it is not passed on. */
function readAnswers(output: string, watcher: BackendWatcher): Answers {
  try {
    const answers: unknown = JSON.parse(output);
    if (typeof answers === 'object' && answers !== null && !Array.isArray(answers)) return answers as Answers;
  } catch {
    // said below
  }
  watcher.unreadable();
  throw new SecretBackendError(
    `could not unmarshal 'secret_backend_command' output: it is not a JSON object with a member for each handle`,
  );
}

interface Asked {
  readonly backend: Backend;
  readonly watcher: BackendWatcher;
}

function secretOf(handle: string, answers: Answers, { backend, watcher }: Asked): string {
  const refuse = (kind: 'missing' | 'error' | 'empty', message: string): never => {
    watcher.refused(kind, handle);
    throw new SecretBackendError(message);
  };
  const answer = Object.hasOwn(answers, handle) ? answers[handle] : undefined;
  if (typeof answer !== 'object' || answer === null) {
    return refuse('missing', `secret handle '${handle}' was not resolved by the secret_backend_command`);
  }
  const { value, error } = answer as { readonly value?: unknown; readonly error?: unknown };
  if (typeof error === 'string' && error !== '') return refuse('error', `an error occurred while resolving '${handle}': ${error}`);
  const secret = typeof value === 'string' ? value : '';
  const trimmed = backend.removeTrailingLineBreak ? secret.replace(/[\r\n]+$/, '') : secret;
  return trimmed === '' ? refuse('empty', `resolved secret for '${handle}' is empty`) : trimmed;
}
