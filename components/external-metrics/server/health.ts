import type { Answer } from './messages.ts';

/** One thing that must be well. */
export interface Check {
  readonly name: string;
  /** Only readiness looks at it. */
  readonly isOfReadiness?: boolean;
  isWell(): boolean;
}

const roots = ['/healthz', '/livez', '/readyz'] as const;

export function isHealthPath(path: string): boolean {
  return roots.some((root) => path === root || path.startsWith(`${root}/`));
}

/** `/healthz`, `/livez`, `/readyz`, each with `/<check>`, `?verbose` and `?exclude=`, as Kubernetes' own servers answer them. */
export function healthAnswer(path: string, query: URLSearchParams, checks: readonly Check[]): Answer {
  const [, root = '', single] = path.split('/');
  const excluded = query.getAll('exclude');
  const counted = checks.filter(({ name, isOfReadiness }) => !excluded.includes(name) && (root === 'readyz' || isOfReadiness !== true));
  const chosen = single === undefined ? counted : counted.filter(({ name }) => name === single);
  if (single !== undefined && chosen.length === 0) return text(404, '404 page not found\n');
  const isWell = chosen.every((check) => check.isWell());
  const lines = chosen.map((check) => (check.isWell() ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`)).join('\n');
  if (!isWell) return text(500, `${lines}\n${root} check failed\n`);
  return text(200, query.has('verbose') ? `${lines}\n${root} check passed\n` : 'ok');
}

function text(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}
