import { execFile, type ExecFileException } from 'node:child_process';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../src/fx/index.ts';
import type { Credentials, FreshCredentials, TlsIdentity } from './credentials.ts';
import { UnreachableError } from './index.ts';

/** A kubeconfig's `exec`: a program that prints credentials. */
export const execSchema = z.object({
  apiVersion: z.string(),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: z.string().default(''),
  provideClusterInfo: z.boolean().default(false),
  interactiveMode: z.enum(['Never', 'IfAvailable', 'Always']).default('IfAvailable'),
});
type ExecPlugin = z.infer<typeof execSchema>;

interface PluginParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Of the kubeconfig: relative commands are meant from there. */
  readonly folder: string;
  readonly cluster: { readonly server: string; readonly ca: TlsIdentity['ca'] };
}

const answerSchema = z.object({
  kind: z.literal('ExecCredential'),
  apiVersion: z.string(),
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
  }),
});

const timeoutMs = 60_000;
const outputMax = 1_048_576;
/** Credentials are replaced so long before they expire, or are kept until they are refused. */
const marginMs = 30_000;

/** Runs the plugin; nobody is there to answer it. @throws UnreachableError that says what the plugin said */
export async function runExecPlugin(plugin: ExecPlugin, parts: PluginParts): Promise<Omit<FreshCredentials, 'credentials'> & Credentials> {
  if (plugin.interactiveMode === 'Always') throw failure(plugin, 'it wants to ask a person, and there is none', undefined);
  const { status } = parseAnswer(plugin, await output(plugin, parts));
  const { token = '', clientCertificateData: cert = '', clientKeyData: key = '', expirationTimestamp } = status;
  const hasCertificate = cert !== '' && key !== '';
  if (token === '' && !hasCertificate) throw failure(plugin, 'it gave neither a token nor a certificate with its key', undefined);
  return {
    headers: token === '' ? {} : { Authorization: `Bearer ${token}` },
    tls: hasCertificate ? { cert, key } : {},
    validForMs: expirationTimestamp === undefined ? Infinity : Date.parse(expirationTimestamp) - marginMs - parts.clock.now(),
  };
}

function output(plugin: ExecPlugin, { env, signal, folder, cluster }: PluginParts): Promise<string> {
  const { command, args, apiVersion, provideClusterInfo } = plugin;
  const ca = cluster.ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(String(cluster.ca)).toString('base64') };
  const info = {
    kind: 'ExecCredential',
    apiVersion,
    spec: { interactive: false, ...(provideClusterInfo ? { cluster: { server: cluster.server, ...ca } } : {}) },
  };
  const given = Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value]));
  const options = {
    env: { ...env, ...given, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    signal,
    timeout: timeoutMs,
    maxBuffer: outputMax,
  };
  const program = command.includes('/') && !isAbsolute(command) ? join(folder, command) : command;
  return new Promise((resolve, reject) => {
    const child = execFile(program, args ?? [], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(failure(plugin, problemOf(error, stderr), error));
    });
    child.stdin?.end();
  });
}

function problemOf(error: ExecFileException, stderr: string): string {
  if (error.code === 'ENOENT') return 'there is no such program in the PATH';
  if (error.killed === true) return `it did not end within ${timeoutMs / 1000} s, or printed more than ${outputMax} bytes`;
  const said = stderr.trim().slice(-500);
  return `it failed (${error.code ?? 'signal'})${said === '' ? '' : `: ${said}`}`;
}

/** Takes out what is null, for JSON's and YAML's revivers: to Go it says nothing. */
export function withoutNull(_key: unknown, value: unknown): unknown {
  return value === null ? undefined : value;
}

function parseAnswer(plugin: ExecPlugin, stdout: string): z.infer<typeof answerSchema> {
  let answer: unknown;
  try {
    answer = JSON.parse(stdout, withoutNull);
  } catch {
    throw failure(plugin, 'it printed something else than JSON', undefined);
  }
  const { data, error } = answerSchema.safeParse(answer);
  if (data === undefined) throw failure(plugin, `its ExecCredential lacks ${error?.issues[0]?.path.join('.') ?? 'something'}`, undefined);
  if (data.apiVersion !== plugin.apiVersion)
    throw failure(plugin, `it speaks ${data.apiVersion}, and the kubeconfig asks for ${plugin.apiVersion}`, undefined);
  return data;
}

function failure({ command, installHint }: ExecPlugin, problem: string, cause: unknown): UnreachableError {
  const hint = installHint === '' ? '' : `\n${installHint}`;
  return new UnreachableError(`the kubeconfig's credential plugin ${command} gave no credentials: ${problem}${hint}`, {
    code: 'credentials',
    cause,
  });
}
