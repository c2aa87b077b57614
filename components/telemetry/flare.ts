import { component, many } from '../../src/fx/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { Telemetry } from './index.ts';

/** `telemetry.log`: the metrics as they are served. */
export const telemetryFlare = component({
  name: 'telemetry-flare',
  provides: many(FlareProvider),
  requires: { telemetry: Telemetry },
  create: ({ telemetry }): FlareProvider => ({ path: 'telemetry.log', content: () => telemetry.text() }),
});
