import { setting, type } from '../config/index.ts';

/** What the health probe reads. */
export const healthprobeSettings = {
  port: setting('health_port', { type: type.integer, default: 0, description: 'port of /live, /ready and /startup; 0 or less: none' }),
  dumpWhenUnhealthy: setting('log_all_goroutines_when_unhealthy', {
    type: type.boolean,
    default: false,
    description: 'logs a diagnostic report when a health check begins to fail',
  }),
};
