import { setting, type } from '../config/index.ts';

/** What decides the name of the host. */
export const hostnameSettings = {
  hostname: setting('hostname', { type: type.text, default: '', description: 'name of the host; empty: found out' }),
  hostnameFile: setting('hostname_file', { type: type.text, default: '', description: 'path of a file that holds the name of the host' }),
  fqdn: setting('hostname_fqdn', { type: type.boolean, default: false, description: 'prefers the fully qualified name of the host' }),
};
