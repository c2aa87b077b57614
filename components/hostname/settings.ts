import { setting, type } from '../config/index.ts';

/** What decides the name of the host. */
export const hostnameSettings = {
  hostname: setting('hostname', { type: type.text, default: '', description: 'name of the host; empty: found out' }),
  hostnameFile: setting('hostname_file', { type: type.text, default: '', description: 'path of a file that holds the name of the host' }),
  fqdn: setting('hostname_fqdn', { type: type.boolean, default: false, description: 'prefers the fully qualified name of the host' }),
  clouds: setting('cloud_provider_metadata', {
    type: type.list,
    default: ['aws', 'gcp', 'azure', 'alibaba', 'oracle', 'ibm'],
    description: 'clouds whose metadata service may be asked: aws, gcp and azure; a machine of another maker is not asked in any case',
  }),
  azureStyle: setting('azure_hostname_style', {
    type: type.text,
    default: 'os',
    description: 'what a virtual machine of Azure is called: os, vmid, name, name_and_resource_group or full',
  }),
  prioritizeInstanceId: setting('ec2_prioritize_instance_id_as_hostname', {
    type: type.boolean,
    default: false,
    description: 'calls an instance of EC2 by its id, whatever else it is called',
  }),
};
