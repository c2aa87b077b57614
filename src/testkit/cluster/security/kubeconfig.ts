import { stringify } from 'yaml';

/** How a client proves who it is: a client certificate, a bearer token, or neither. */
export interface Credentials {
  /** PEM. */
  readonly certificate?: string;
  /** PEM. */
  readonly key?: string;
  readonly token?: string;
}

/** A kubeconfig file's text, for one cluster and one user. `authority` is the cluster's CA, PEM. */
export function kubeconfigText({
  url,
  authority,
  user,
  credentials,
}: {
  url: string;
  authority: string;
  user: string;
  credentials: Credentials;
}): string {
  const { certificate, key, token } = credentials;
  const name = 'in-process';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': base64(authority) } }],
    users: [
      {
        name: user,
        user: {
          ...(certificate === undefined ? {} : { 'client-certificate-data': base64(certificate) }),
          ...(key === undefined ? {} : { 'client-key-data': base64(key) }),
          ...(token === undefined ? {} : { token }),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user, namespace: 'default' } }],
    'current-context': name,
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
