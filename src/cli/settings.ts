import { setting, type } from '../../components/config/index.ts';

/** What commands read, besides the settings of the components that they ask. */
export const cliSettings = {
  cmdHost: setting('cmd_host', {
    type: type.text,
    default: 'localhost',
    description: 'Where the health command finds the agent; it must be this machine',
  }),
};
