import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { CommandError, defineCommand, UsageError } from './command.ts';
import type { Terminal } from './terminal.ts';

const bytesMax = 8192;

/** A secret that cannot be read: what the agent is told of it. */
class SecretError extends Error {}

type Provider = (id: string) => Promise<string>;

export const command = defineCommand({
  usage: ['secret-helper read FOLDER', 'secret-helper read --with-provider-prefixes'],
  options: { 'with-provider-prefixes': { type: 'boolean', description: 'secrets are named file@PATH or k8s_secret@NAMESPACE/NAME/KEY' } },
  positionalsMax: 2,
  async run({ values, positionals: [action, folder], configPath, terminal }) {
    if (action !== 'read') throw new UsageError(`secret-helper knows "read", not "${action ?? ''}"`);
    const isPrefixed = values['with-provider-prefixes'] === true;
    if (!isPrefixed && folder === undefined) throw new UsageError('the folder of the secrets is missing');
    const read = isPrefixed ? prefixed(configPath) : (id: string) => readInFolder(folder ?? '', id);
    const ids = await askedFor(terminal);
    const answers = await Promise.all(ids.map(async (id) => [id, await answerOf(read, id)] as const));
    terminal.print(JSON.stringify(Object.fromEntries(answers)));
    return 0;
  },
});

async function answerOf(read: Provider, id: string): Promise<{ readonly value?: string; readonly error?: string }> {
  try {
    return { value: await read(id) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function askedFor({ input }: Terminal): Promise<readonly string[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk));
  const { version, secrets } = parse(Buffer.concat(chunks).toString());
  if (typeof version !== 'string' || version.split('.')[0] !== '1') {
    throw new CommandError(`incompatible protocol version ${JSON.stringify(version ?? '')}`);
  }
  if (!Array.isArray(secrets) || secrets.length === 0) throw new CommandError('no secrets listed in input');
  return secrets.map(String);
}

function parse(text: string): { readonly version?: unknown; readonly secrets?: unknown } {
  try {
    return JSON.parse(text) as { readonly version?: unknown };
  } catch (error) {
    throw new CommandError('failed to unmarshal json input', { cause: error });
  }
}

function prefixed(configPath: string | undefined): Provider {
  const providers: Readonly<Record<string, Provider>> = {
    file: readSecretFile,
    k8s_secret: async (id) => {
      const [namespace, name, key, ...rest] = id.split('/');
      if (namespace === undefined || name === undefined || key === undefined || rest.length > 0) {
        throw new SecretError('invalid format. Use: "namespace/name/key"');
      }
      // Imported here: most secrets are files, and the agent waits for this process at its start.
      const { kubernetesSecret } = await import('./composition.ts');
      return kubernetesSecret(configPath, { namespace, name, key });
    },
  };
  return async (id) => {
    const [prefix = '', ...rest] = id.split('@');
    const provider = Object.hasOwn(providers, prefix) && rest.length > 0 ? providers[prefix] : undefined;
    if (provider === undefined) throw new SecretError(`provider not supported: ${prefix}`);
    return provider(rest.join('@'));
  };
}

async function readInFolder(folder: string, id: string): Promise<string> {
  const path = resolve(folder, id);
  if (!isInside(path, resolve(folder))) throw new SecretError('secret does not exist');
  return readSecretFile(path);
}

/** A file of a mounted Secret: a link is followed as far as the folder that it lies in. */
async function readSecretFile(path: string): Promise<string> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) throw new SecretError('secret does not exist');
  const folder = dirname(path);
  const target = found.isSymbolicLink() ? await realpath(path).catch(() => '') : path;
  if (found.isSymbolicLink() && !isInside(target, await realpath(folder))) {
    throw new SecretError(`not following symlink "${target}" outside of "${folder}"`);
  }
  const { size } = await stat(path);
  if (size > bytesMax) throw new SecretError('secret exceeds max allowed size');
  return readFile(path, 'utf8');
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(join('..', sep)) && !isAbsolute(way);
}
