import { setting, type } from '../config/index.ts';

export const coreDumpSettings = {
  isOn: setting('go_core_dump', {
    type: type.boolean,
    default: false,
    description: 'leaves a core file and a diagnostic report after a crash',
  }),
};
