import { createHash } from 'node:crypto';
import { App, Clock, component, many, optional } from '../../src/fx/index.ts';
import { AgentVersion } from '../agent-version/index.ts';
import { Route } from '../api-server/index.ts';
import { Healthprobe } from '../healthprobe/index.ts';
import { Hostname } from '../hostname/index.ts';
import { Scrubber } from '../scrubber/index.ts';
import { StartupEvents } from '../startup/index.ts';
import { content, script, shell } from './page.ts';
import { viewOf } from './read.ts';

const html = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
const scriptHash = createHash('sha256').update(script).digest('base64');
/** Nothing is loaded from elsewhere, and no other script than the page's own runs. */
const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** `GET /ui`: the agent in a browser. The page itself is anybody's; what it shows takes the session token. */
export const livePage = component({
  name: 'live-page',
  provides: many(Route, { flatten: true }),
  requires: {
    app: App,
    events: StartupEvents,
    health: optional(Healthprobe),
    hostname: optional(Hostname),
    version: AgentVersion,
    scrubber: Scrubber,
    clock: Clock,
  },
  create({ app, events, health, hostname, version, scrubber, clock }): readonly Route[] {
    const { major, minor, patch } = version;
    const now = async (): Promise<string> => {
      const host = await hostname?.get().catch(() => undefined);
      const view = viewOf({
        app,
        events: events.all,
        health: health?.status('readiness') ?? { healthy: [], unhealthy: [] },
        now: clock.monotonic(),
        title: 'Datadog Cluster Agent',
        version: `Version ${major}.${minor}.${patch}`,
        hostname: host?.hostname ?? 'an unknown host',
        scrubbed: (text) => scrubber.text(text),
      });
      return content(view);
    };
    return [
      {
        method: 'GET',
        path: '/ui',
        access: 'public',
        handle: () => ({ headers: { ...html, 'Content-Security-Policy': policy }, body: shell }),
      },
      { method: 'GET', path: '/ui/content', access: 'session', handle: async () => ({ headers: html, body: await now() }) },
    ];
  },
});
