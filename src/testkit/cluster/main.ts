import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster } from './start.ts';

/** `npm run cluster [-- --port 6443 --kubeconfig FILE]`: a cluster to try things on, until Ctrl-C. */
const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, kubeconfig: { type: 'string', default: 'cluster.kubeconfig' } },
});

const file = resolve(values.kubeconfig);
const cluster = await startCluster({ port: Number(values.port) });
await writeFile(file, cluster.kubeconfig, { mode: 0o600 });
process.stdout.write(`A Kubernetes API server runs at ${cluster.url}. It has no nodes: nothing that you deploy will run.

  export KUBECONFIG=${file}
  kubectl api-resources
  kubectl create deployment web --image=nginx && kubectl get deployments --watch
  kubectl auth can-i --list --as=system:serviceaccount:default:default

Ctrl-C stops it; everything in it is then gone.
`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await cluster.stop();
