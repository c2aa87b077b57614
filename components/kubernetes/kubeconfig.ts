import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { AccessParts } from './access.ts';
import { AuthProvider } from './auth-provider.ts';
import { type Access, type Credentials, type FreshCredentials, RotatingCredentials, type TlsIdentity } from './credentials.ts';
import { execSchema, runExecPlugin, withoutNull } from './exec-plugin.ts';
import { UnreachableError } from './index.ts';
import { proxyFor } from './proxy.ts';

/** Files that a kubeconfig names are replaced while we run. */
const rereadMs = 60_000;
/** A plugin may start a program that asks the cloud: not for each request that is refused. */
const renewPluginEveryMs = 10_000;

const text = z.string().default('');
const clusterSchema = z.object({
  server: z.url({ protocol: /^https?$/ }),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': z.boolean().default(false),
  'tls-server-name': text,
  'proxy-url': text.refine((url) => url === '' || /^https?:\/\//i.test(url), 'only proxies of http and https can be used'),
});
const userSchema = z.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  'as-uid': text,
  'as-groups': z.array(z.string()).default([]),
  'as-user-extra': z.record(z.string(), z.array(z.string())).default({}),
  exec: execSchema.optional(),
  'auth-provider': z.object({ name: z.string() }).optional(),
});
const named = <T extends z.ZodType>(key: string, type: T) =>
  z
    .array(z.looseObject({ name: z.string() }))
    .nullish()
    .transform((list) => ({ list: list ?? [], key, type }));
const fileSchema = z.looseObject({
  'current-context': text,
  clusters: named('cluster', clusterSchema),
  users: named('user', userSchema),
  contexts: named('context', z.object({ cluster: z.string(), user: text })),
});
type KubeconfigCluster = z.infer<typeof clusterSchema>;
type KubeconfigUser = z.infer<typeof userSchema>;

/** What the current context of a kubeconfig stands for. */
interface Kubeconfig {
  readonly path: string;
  readonly text: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly authProvider: AuthProvider | undefined;
}

/** @throws Error that says what in the file is wrong, and never shows what is in it */
export async function kubeconfigAccess(parts: AccessParts): Promise<Access> {
  const { kubeconfigPath: path, clock, log } = parts;
  let current = await readKubeconfig(path);
  const rotating = new RotatingCredentials({
    clock,
    log,
    renewEveryMs: current.user.exec === undefined ? 0 : renewPluginEveryMs,
    read: async () => {
      current = await readKubeconfig(path, current);
      return credentialsOf(current, parts).catch((cause: unknown) => {
        if (cause instanceof UnreachableError) throw cause;
        throw new UnreachableError(`the kubeconfig ${path} gives no credentials: ${(cause as Error).message}`, {
          code: 'credentials',
          cause,
        });
      });
    },
  });
  const server = new URL(current.cluster.server);
  return {
    server,
    origin: `the kubeconfig ${path}`,
    proxy: current.cluster['proxy-url'] || proxyFor(server, parts.env),
    credentials: () => rotating.credentials(),
    renew: (refused) => rotating.renew(refused),
  };
}

/** @param previous what the file said before: a file that is the same is not parsed again */
async function readKubeconfig(path: string, previous?: Kubeconfig): Promise<Kubeconfig> {
  const content = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`the kubeconfig cannot be read: ${(cause as Error).message}; it is named by kubernetes_kubeconfig_path`, { cause });
  });
  if (content === previous?.text) return previous;
  const file = checked(fileSchema, parseYaml(content, path), path);
  const name = file['current-context'];
  if (name === '') throw new Error(`the kubeconfig ${path} has no current-context; set one: kubectl config use-context NAME`);
  const context = find(file.contexts, name, path);
  const user = context.user === '' ? userSchema.parse({}) : find(file.users, context.user, path);
  const authProvider = user['auth-provider'] === undefined ? undefined : new AuthProvider(path);
  return { path, text: content, cluster: find(file.clusters, context.cluster, path), user, authProvider };
}

function parseYaml(content: string, path: string): unknown {
  const document = parseDocument(content, { prettyErrors: false, merge: true });
  const [error] = document.errors;
  // Its message may quote a line, and a line may hold a token.
  if (error !== undefined) throw new Error(`the kubeconfig ${path} is not valid YAML: ${error.code} at character ${error.pos[0]}`);
  return document.toJS({ reviver: withoutNull });
}

function find<T extends z.ZodType>(
  { list, key, type }: { readonly list: readonly Record<string, unknown>[]; readonly key: string; readonly type: T },
  name: string,
  path: string,
): z.infer<T> {
  const entry = list.find((each) => each['name'] === name);
  if (entry !== undefined) return checked(type, entry[key] ?? {}, `${path}, ${key} "${name}"`);
  const names = list.map((each) => String(each['name'])).join(', ');
  throw new Error(`the kubeconfig ${path} has no ${key} "${name}"; it has ${names === '' ? 'none' : names}`);
}

function checked<T extends z.ZodType>(type: T, value: unknown, where: string): z.infer<T> {
  const result = type.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the kubeconfig ${where} cannot be used: ${problems.join('; ')}`);
}

async function credentialsOf(kubeconfig: Kubeconfig, parts: AccessParts): Promise<FreshCredentials> {
  const { user } = kubeconfig;
  const own: Credentials = { tls: await tlsOf(kubeconfig, parts), headers: await headersOf(kubeconfig) };
  if (user.exec !== undefined) {
    const { cluster, path } = kubeconfig;
    const { headers, tls, validForMs } = await runExecPlugin(user.exec, {
      ...parts,
      folder: dirname(path),
      cluster: { ...cluster, ca: own.tls.ca },
    });
    return { credentials: { tls: { ...own.tls, ...tls }, headers: { ...own.headers, ...headers } }, validForMs };
  }
  const headers = await kubeconfig.authProvider?.headers();
  return { credentials: { ...own, headers: { ...own.headers, ...headers } }, validForMs: rereadMs };
}

async function tlsOf({ path, cluster, user }: Kubeconfig, { caPath, tlsVerify }: AccessParts): Promise<TlsIdentity> {
  const folder = dirname(path);
  const [ca, cert, key] = await Promise.all([
    caPath === '' ? contents(cluster['certificate-authority-data'], cluster['certificate-authority'], folder) : readFile(caPath, 'utf8'),
    contents(user['client-certificate-data'], user['client-certificate'], folder),
    contents(user['client-key-data'], user['client-key'], folder),
  ]);
  const servername = cluster['tls-server-name'];
  return {
    rejectUnauthorized: tlsVerify && !cluster['insecure-skip-tls-verify'],
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === '' ? {} : { servername }),
  };
}

/** Data in the file counts before the file that it names, as in kubectl. */
async function contents(base64: string, file: string, folder: string): Promise<string | undefined> {
  if (base64 !== '') return Buffer.from(base64, 'base64').toString();
  return file === '' ? undefined : readFile(isAbsolute(file) ? file : join(folder, file), 'utf8');
}

async function headersOf({ path, user }: Kubeconfig): Promise<Credentials['headers']> {
  const token = user.tokenFile === '' ? user.token : ((await contents('', user.tokenFile, dirname(path))) ?? '').trim();
  const { username, password, as } = user;
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  const authorization = token === '' ? (username === '' ? undefined : `Basic ${basic}`) : `Bearer ${token}`;
  return {
    ...(authorization === undefined ? {} : { Authorization: authorization }),
    ...(as === '' ? {} : { 'Impersonate-User': onWire(as) }),
    ...(user['as-uid'] === '' ? {} : { 'Impersonate-Uid': onWire(user['as-uid']) }),
    ...(user['as-groups'].length === 0 ? {} : { 'Impersonate-Group': user['as-groups'].map(onWire) }),
    ...Object.fromEntries(
      Object.entries(user['as-user-extra']).map(([key, values]) => [`Impersonate-Extra-${escaped(key)}`, values.map(onWire)]),
    ),
  };
}

/** The API server reads headers as UTF-8; Node writes a byte for each character. */
function onWire(value: string): string {
  return Buffer.from(value).toString('latin1');
}

/** What cannot stand in the name of a header, as the API server unescapes it. */
function escaped(key: string): string {
  return encodeURIComponent(key).replaceAll('(', '%28').replaceAll(')', '%29');
}
