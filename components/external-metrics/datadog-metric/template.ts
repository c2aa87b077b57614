import type { Resolve } from './from-object.ts';

interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a variable holds what nobody may see: queries stand in errors, which many can read. */
  readonly isSecret: (name: string, value: string) => boolean;
  /** The cluster's name as tags carry it; empty while it is not known. */
  readonly clusterName: () => string;
}

/** Puts values in the place of `%%tag_kube_cluster_name%%` and `%%env_NAME%%` in a query. Spaces in between do not count. */
export function templates({ env, isSecret, clusterName }: Sources): Resolve {
  const valueOf = (variable: string): string => {
    const [name, key = ''] = split(variable);
    if (name === 'env') {
      const value = env[key];
      if (value === undefined) throw new TemplateError(`failed to retrieve env var "${key}"`);
      if (isSecret(key, value)) throw new TemplateError(`env var "${key}" holds a secret, which is for no query`);
      return value;
    }
    if (name !== 'tag') throw new TemplateError(`template variable "${name}" is unknown`);
    if (key !== 'kube_cluster_name') throw new TemplateError(`cannot resolve tag template "${key}": tag is not supported`);
    if (clusterName() === '')
      throw new TemplateError(`cannot resolve tag template "${key}": the cluster's name is not known; set cluster_name`);
    return clusterName();
  };
  return (query) => {
    try {
      return { query: query.replaceAll(/%%(.+?)%%/g, (_, variable: string) => valueOf(variable)) };
    } catch (error) {
      if (error instanceof TemplateError) return { problem: `Cannot resolve query: ${error.message}` };
      throw error;
    }
  };
}

class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

function split(variable: string): readonly [name: string, key?: string] {
  const text = variable.replaceAll(/[\s%]/g, '');
  const at = text.indexOf('_');
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
