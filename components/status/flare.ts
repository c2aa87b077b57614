import { component, many } from '../../src/fx/index.ts';
import { FlareProvider } from '../flare/index.ts';
import { Status } from './index.ts';

/** `cluster-agent-status.log`: the page as `agent status` shows it. */
export const statusFlare = component({
  name: 'status-flare',
  provides: many(FlareProvider),
  requires: { status: Status },
  create: ({ status }): FlareProvider => ({ path: 'cluster-agent-status.log', content: () => status.render('text', { verbose: true }) }),
});
