import { setting, type } from '../config/index.ts';

export const clusterNameSettings = {
  name: setting('cluster_name', {
    type: type.text,
    default: '',
    description: "The cluster's name, for tags and host names. Labels separated by dots, of lower-case letters, digits and hyphens.",
  }),
  nodeLabel: setting('kubernetes_node_label_as_cluster_name', {
    type: type.text,
    default: '',
    description: 'Label of nodes whose value is the name of the cluster, whatever cluster_name says.',
  }),
  isRfc1123: setting('enabled_rfc1123_compliant_cluster_name_tag', {
    type: type.boolean,
    default: true,
    description: 'Whether underscores in the name of the cluster become hyphens.',
  }),
};
