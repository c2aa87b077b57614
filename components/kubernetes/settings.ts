import { setting, type } from '../config/index.ts';

export const kubernetesSettings = {
  kubeconfigPath: setting('kubernetes_kubeconfig_path', {
    type: type.text,
    default: '',
    description: 'Path of the kubeconfig file that says how to reach the API server. Empty: the service account of the pod.',
  }),
  apiserverCaPath: setting('kubernetes_apiserver_ca_path', {
    type: type.text,
    default: '',
    description: 'Path of the PEM file of the CA that signs the API server. Empty: the one of the kubeconfig or of the service account.',
  }),
  apiserverTlsVerify: setting('kubernetes_apiserver_tls_verify', {
    type: type.boolean,
    default: true,
    description: "Whether the API server's certificate is checked.",
  }),
  apiserverClientTimeout: setting('kubernetes_apiserver_client_timeout', {
    type: type.integer,
    default: 10,
    description: 'Seconds until a call to the API server is given up. 0: no limit.',
  }),
  apiserverInformerClientTimeout: setting('kubernetes_apiserver_informer_client_timeout', {
    type: type.integer,
    default: 0,
    description: 'Seconds until a list of an informer is given up. 0: no limit, but silence still ends it.',
  }),
  informersResyncPeriod: setting('kubernetes_informers_resync_period', {
    type: type.integer,
    default: 300,
    description: 'Seconds between two rounds in which informers show their handlers every object again. 0: never.',
  }),
  cacheSyncTimeout: setting('kube_cache_sync_timeout_seconds', {
    type: type.integer,
    default: 5,
    description: 'Seconds after which an informer whose first list is not complete is called out in the log. 0: never.',
  }),
};
