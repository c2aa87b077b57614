import type { ConnectionOptions } from 'node:tls';

/** What makes a connection ours. As long as nothing has changed it is the same object. */
export type TlsIdentity = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized' | 'servername'>;

/** What goes with a request: the connection's certificate, and headers that say who we are. */
export interface Credentials {
  readonly tls: TlsIdentity;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** The way to one API server. */
export interface Access {
  readonly server: URL;
  /** Where it is written, for errors: `the kubeconfig /etc/kube/config`. */
  readonly origin: string;
  credentials(): Promise<Credentials>;
  /** The server has refused these credentials. @returns newer ones; `undefined` when there are none */
  renew(refused: Credentials): Promise<Credentials | undefined>;
}
