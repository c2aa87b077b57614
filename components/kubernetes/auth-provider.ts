import type { RequestOptions } from 'node:https';

/**
 * A kubeconfig's `auth-provider` (oidc, gcp, azure), which kubectl has given up for exec plugins. It is left to @kubernetes/client-node,
 * which is loaded only here: with all its models it takes longer than the rest of a start.
 */
export class AuthProvider {
  readonly #load: () => Promise<{ applyToHTTPSOptions(options: RequestOptions): Promise<void> }>;

  /** @param path of the kubeconfig */
  constructor(path: string) {
    // One instance for good: it holds the refreshed tokens, and some identity providers take a refresh token only once.
    const load = async () => {
      const { KubeConfig } = await import('@kubernetes/client-node');
      const config = new KubeConfig();
      config.loadFromFile(path);
      return config;
    };
    let loading: ReturnType<typeof load> | undefined;
    this.#load = () => (loading ??= load());
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    const options: RequestOptions = { headers: {} };
    await (await this.#load()).applyToHTTPSOptions(options);
    return options.headers as Record<string, string>;
  }
}
