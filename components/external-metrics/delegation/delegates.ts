import { z } from 'zod';

/** Another external metrics server, and which metrics are its own. */
export interface Delegate {
  /** What the names of its metrics begin with. */
  readonly prefix: string;
  /** What people call it: the service, or the host of the URL. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** What is before `/apis` in its paths; mostly nothing. */
  readonly basePath: string;
  /** PEM certificates of its authority; undefined: those that Node knows. */
  readonly caFile: string | undefined;
  readonly tokenFile: string;
  readonly isVerified: boolean;
}

const ownToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const serviceName = new RegExp(`^(${label})/(${label})(?::(\\d{1,5}))?$`);

const entry = z
  .strictObject({
    prefix: z
      .string()
      .min(1, 'must not be empty: every metric would go away')
      .refine((prefix) => !prefix.toLowerCase().startsWith('datadogmetric@'), 'must not begin with datadogmetric@: those are our own'),
    service: z.string().regex(serviceName, 'must be namespace/name, or namespace/name:port').optional(),
    url: z.url({ protocol: /^https$/, error: 'must be a URL with https: a token is sent there' }).optional(),
    ca_file: z.string().min(1).optional(),
    token_file: z.string().min(1).default(ownToken),
    insecure_skip_verify: z.boolean().default(false),
  })
  .refine(({ service, url }) => (service === undefined) !== (url === undefined), 'must have either service or url');

export interface Delegates {
  /** Those that can be used; the longest prefixes first, so that the first that fits is the closest. */
  readonly delegates: readonly Delegate[];
  /** What is wrong with the others, in one sentence; empty when nothing is. */
  readonly problem: string;
}

/** What `external_metrics_provider.delegates` says. */
export function delegatesIn(value: unknown): Delegates {
  if (!Array.isArray(value)) return { delegates: [], problem: told(['it is no list']) };
  const byPrefix = new Map<string, Delegate>();
  const problems: string[] = [];
  for (const [index, each] of value.entries()) {
    const { data, error } = entry.safeParse(each);
    if (error !== undefined) problems.push(`entry ${index + 1}: ${error.issues.map(issueText).join(', ')}`);
    else if (byPrefix.has(data.prefix)) problems.push(`entry ${index + 1}: an earlier one has the prefix "${data.prefix}" too`);
    else byPrefix.set(data.prefix, delegate(data));
  }
  const delegates = [...byPrefix.values()].toSorted((a, b) => b.prefix.length - a.prefix.length);
  return { delegates, problem: problems.length === 0 ? '' : told(problems) };
}

/** Whether the metrics of a name are another server's. */
export function isDelegated(value: unknown): (metric: string) => boolean {
  const { delegates } = delegatesIn(value);
  return (metric) => delegates.some(({ prefix }) => metric.startsWith(prefix));
}

function told(problems: readonly string[]): string {
  return `external_metrics_provider.delegates: ${problems.join('; ')}. Such entries are left out; each has a prefix, and a service (namespace/name) or a url`;
}

function issueText({ path, message }: z.core.$ZodIssue): string {
  return [...path.map(String), message].join(' ');
}

function delegate({
  prefix,
  service,
  url,
  ca_file: caFile,
  token_file: tokenFile,
  insecure_skip_verify,
}: z.output<typeof entry>): Delegate {
  return { prefix, ...placeOf(service, url), caFile, tokenFile, isVerified: !insecure_skip_verify };
}

function placeOf(service: string | undefined, url: string | undefined): Pick<Delegate, 'name' | 'host' | 'port' | 'basePath'> {
  const [, namespace, name, port = '443'] = serviceName.exec(service ?? '') ?? [];
  if (namespace !== undefined && name !== undefined)
    return { name: `${namespace}/${name}`, host: `${name}.${namespace}.svc`, port: Number(port), basePath: '' };
  const at = new URL(url ?? '');
  const host = at.hostname.replace(/^\[|\]$/g, '');
  return { name: at.host, host, port: Number(at.port || 443), basePath: at.pathname.replace(/\/+$/, '') };
}
