import { readFile } from 'node:fs/promises';
import { loadConfig } from '../../components/config/yaml.ts';
import { Hostname } from '../../components/hostname/index.ts';
import { Informers } from '../../components/kubernetes/index.ts';
import { StatusProvider } from '../../components/status/index.ts';
import { agentUnder } from '../../src/cluster-agent.ts';
import { component, many, Process, replace, run } from '../../src/fx/index.ts';
import { settings } from '../../src/settings.ts';

/** One of its components is ours: here hosts have their names from an inventory, not from the node. */
const inventoryHostname = component({
  provides: Hostname,
  requires: { process: Process },
  create: ({ process: { env } }) => ({
    get: async () => {
      const hostname = (await readFile(env['INVENTORY_FILE'] ?? '/etc/inventory/name', 'utf8')).trim();
      return { hostname, provider: 'inventory', errors: {} };
    },
  }),
});

/** And one is new: it follows the nodes of the cluster, and has a section of its own in the status. */
const nodeCount = component({
  name: 'node-count',
  provides: many(StatusProvider),
  requires: { informers: Informers },
  create({ informers }) {
    const resource = { group: '', version: 'v1', plural: 'nodes', namespaced: false };
    const nodes = informers.informer({ resource, transform: ({ metadata: { name = '' } }) => ({ name }) });
    return {
      name: 'Nodes',
      section: 'Nodes',
      json: () => ({ nodes: nodes.size }),
      text: () => `  ${nodes.size} nodes: ${[...nodes.list()].map(({ name }) => name).join(', ')}\n`,
    };
  },
});

const config = await loadConfig({ settings, env: process.env, path: process.argv[2] });
const { list, options } = agentUnder(config);
process.exitCode = await run([...list, replace(inventoryHostname), nodeCount], options);
