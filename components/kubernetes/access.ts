import type { Clock } from '../../src/fx/index.ts';
import type { Log } from '../log/index.ts';
import type { Access } from './credentials.ts';
import { NoClusterError } from './index.ts';
import { kubeconfigAccess } from './kubeconfig.ts';
import { serviceAccountAccess } from './service-account.ts';

/** What decides which API server is ours, and how we prove who we are. */
export interface AccessParts {
  readonly kubeconfigPath: string;
  /** Path of the CA's file, in the place of the one that kubeconfig or service account name. Empty: theirs. */
  readonly caPath: string;
  readonly tlsVerify: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Ends what is still being found out, at stop. */
  readonly signal: AbortSignal;
  readonly log: Pick<Log, 'warn'>;
  /** Where the service account is mounted. Default: where Kubernetes mounts it. */
  readonly folder?: string;
}

/**
 * The API server of `kubernetes_kubeconfig_path`, else the one of the pod that we are. Nothing is asked of it yet.
 *
 * Certificates, tokens, passwords, exec plugins and service accounts are read by our own code: it takes a few milliseconds, where
 * @kubernetes/client-node, with all its models, takes 350 ms and 85 MB. That is loaded only for the auth providers of old kubeconfigs.
 *
 * @throws NoClusterError when there is neither; Error when the kubeconfig cannot be used
 */
export async function findAccess(parts: AccessParts): Promise<Access> {
  const found = parts.kubeconfigPath === '' ? serviceAccountAccess(parts) : await kubeconfigAccess(parts);
  if (found === undefined) throw new NoClusterError();
  return found;
}
