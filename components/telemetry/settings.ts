import { setting, type } from '../config/index.ts';

/** What the agent's own metrics read. */
export const telemetrySettings = {
  port: setting('metrics_port', { type: type.port, default: 5000, description: 'port of /metrics and /debug' }),
};
