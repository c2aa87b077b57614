import type { Resolve } from './metric.ts';

interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The cluster's name as tags carry it; empty while it is not known. */
  readonly clusterName: () => string;
}

/** Puts values in the place of `%%tag_kube_cluster_name%%` and `%%env_NAME%%` in a query. */
export function templates({ env, clusterName }: Sources): Resolve {
  const valueOf = (variable: string): string => {
    const [name, key = ''] = split(variable);
    if (name === 'env') {
      const value = env[key];
      if (value === undefined) throw new TemplateError(`failed to retrieve env var "${key}"`);
      return value;
    }
    if (name !== 'tag') throw new TemplateError(`template variable "${variable}" is unknown`);
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

function split(variable: string): readonly [string, string?] {
  const at = variable.indexOf('_');
  return at < 0 ? [variable] : [variable.slice(0, at), variable.slice(at + 1)];
}
