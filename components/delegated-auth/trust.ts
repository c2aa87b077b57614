import type { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { certificatesIn } from './client-certificate.ts';

/** Whom to believe: what the API server publishes for the servers that it proxies to. */
export interface Trust {
  readonly clientCas: readonly X509Certificate[];
  readonly frontProxy: FrontProxy;
}

/** The proxy that says in headers who has sent a request. Lower-case names. */
interface FrontProxy {
  readonly cas: readonly X509Certificate[];
  /** CNs of its certificate; none: any. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

/** The ConfigMap that publishes it. */
export const trustConfigMap = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };

/** The data of that ConfigMap: PEM bundles, and JSON arrays of names. */
export type PublishedTrust = Readonly<Record<string, string | undefined>>;

export const noTrust: Trust = trustIn({});

/**
 * Reads the ConfigMap's data.
 *
 * @throws Error that names the key that cannot be read
 */
export function trustIn(data: PublishedTrust): Trust {
  const read = <T>(key: string, parse: (text: string) => T): T => {
    try {
      return parse(data[key] ?? '');
    } catch (error) {
      const where = `ConfigMap ${trustConfigMap.namespace}/${trustConfigMap.name}`;
      throw new Error(`${where}: key ${key} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  };
  const names = (key: string): readonly string[] => read(key, listIn).map((name) => name.toLowerCase());
  return {
    clientCas: read('client-ca-file', certificatesIn),
    frontProxy: {
      cas: read('requestheader-client-ca-file', certificatesIn),
      allowedNames: read('requestheader-allowed-names', listIn),
      usernameHeaders: names('requestheader-username-headers'),
      uidHeaders: names('requestheader-uid-headers'),
      groupHeaders: names('requestheader-group-headers'),
      extraPrefixes: names('requestheader-extra-headers-prefix'),
    },
  };
}

/** What the API server publishes, and what files say in the place of that. */
export class TrustSources {
  readonly #onChange: (trust: Trust) => void;
  #said: Readonly<Record<'apiServer' | 'files', PublishedTrust>> = { apiServer: {}, files: {} };

  constructor(onChange: (trust: Trust) => void) {
    this.#onChange = onChange;
  }

  /** @throws Error that names the key that cannot be read; what was said before then goes on to count */
  set(source: 'apiServer' | 'files', said: PublishedTrust): void {
    if (isDeepStrictEqual(said, this.#said[source])) return;
    const all = { ...this.#said, [source]: said };
    this.#onChange(trustIn({ ...all.apiServer, ...all.files }));
    this.#said = all;
  }
}

function listIn(text: string): readonly string[] {
  if (text === '') return [];
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string')) throw new Error('it is no JSON array of texts');
  return list;
}
