import type { App, Event } from '../../src/fx/index.ts';
import type { HealthStatus } from '../healthprobe/index.ts';
import type { ComponentView, EventView, Mood, Span, View } from './view.ts';

type Report = ReturnType<App['report']>;
type ComponentReport = Report['components'][number];

interface Seen {
  readonly app: App;
  readonly events: readonly Event[];
  readonly health: HealthStatus;
  /** Milliseconds of the app's clock. */
  readonly now: number;
  readonly title: string;
  readonly version: string;
  readonly hostname: string;
  /** Takes secrets out of what errors say. */
  readonly scrubbed: (text: string) => string;
}

/** How many events are shown. */
const eventsMax = 60;

/** The agent as it is now, in the page's terms. */
export function viewOf({ app, events, health, now, scrubbed, ...about }: Seen): View {
  const plan = app.plan();
  const report = app.report();
  const needs = new Map(plan.order.map(({ component, requires }) => [component, requires]));
  const begun = events[0]?.at ?? now;
  return {
    ...about,
    state: report.state,
    mood: !report.healthy ? 'bad' : report.state === 'started' ? 'good' : 'waiting',
    uptimeMs: now - begun,
    startMs: report.startMs,
    health,
    components: report.components.map((each) => componentView(each, needs.get(each.component) ?? [], scrubbed)),
    absent: plan.absent.map(({ component: name, because }) => ({ name, because })),
    events: events
      .flatMap((event) => eventView(event, begun, scrubbed) ?? [])
      .slice(-eventsMax)
      .toReversed(),
  };
}

const moods: Readonly<Record<ComponentReport['state'], Mood>> = {
  planned: 'idle',
  constructed: 'waiting',
  started: 'good',
  failed: 'bad',
  skipped: 'bad',
  stopped: 'idle',
};

function componentView(report: ComponentReport, needs: readonly string[], scrubbed: (text: string) => string): ComponentView {
  const { component: name, state, failure, jobs } = report;
  const failing = jobs.filter(({ failures }) => failures > 0).map((job) => `${job.name}: ${messageOf(job.lastError)}`);
  const trouble = scrubbed([...(failure === undefined ? [] : [messageOf(failure)]), ...failing].join('; '));
  return { name, state, mood: trouble === '' ? moods[state] : 'bad', needs, spans: spansOf(report), trouble };
}

function spansOf({ createAtMs, createMs, hooks }: ComponentReport): readonly Span[] {
  const created: Span[] =
    createAtMs === undefined || createMs === undefined
      ? []
      : [{ label: 'built', phase: 'create', fromMs: createAtMs, durationMs: createMs }];
  const started = hooks.flatMap(({ name, startAtMs, startMs }): Span[] =>
    startAtMs === undefined || startMs === undefined ? [] : [{ label: name, phase: 'start', fromMs: startAtMs, durationMs: startMs }],
  );
  return [...created, ...started];
}

type EventOf<K extends Event['kind']> = Extract<Event, { readonly kind: K }>;
type Sentences = { readonly [K in Event['kind']]?: (event: EventOf<K>) => string };

/** What is worth a line; a kind that is not here is not shown. */
const sentences: Sentences = {
  Run: ({ component, runtimeMs }) => `${component} was built in ${runtimeMs.toFixed(1)} ms`,
  OnStartExecuted: ({ component, hook, runtimeMs }) => `${component}: ${hook} started in ${runtimeMs.toFixed(1)} ms`,
  OnReadyExecuted: ({ component, hook }) => `${component}: ${hook} is ready`,
  OnDrainExecuted: ({ component, hook }) => `${component}: ${hook} takes no more work`,
  OnStopExecuted: ({ component, hook }) => `${component}: ${hook} has stopped`,
  Started: () => 'Everything has started',
  Stopping: ({ by }) => `${by} asked for the stop`,
  Stopped: () => 'Everything has stopped',
  RollingBack: () => 'The start failed: what had started is stopped',
  RolledBack: () => 'What had started is stopped',
  Degraded: ({ component }) => `${component} failed; the agent goes on without it`,
  Skipped: ({ component, because }) => `${component} is skipped: ${because}`,
  SettledLate: ({ component, hook }) => `${component}: ${hook} came after its deadline`,
  JobFailed: ({ component, job, failures, retryInMs }) =>
    `${component}: ${job} failed (${failures} in a row)${retryInMs === undefined ? ' and gives up' : `, tries again in ${Math.round(retryInMs / 1000)} s`}`,
  JobRecovered: ({ component, job, failures }) => `${component}: ${job} works again after ${failures} failures`,
  ShutdownRequested: ({ by }) => `${by} asked the agent to end`,
};

const badKinds: readonly Event['kind'][] = ['RollingBack', 'Degraded', 'Skipped', 'SettledLate', 'JobFailed'];

function eventView(event: Event, begun: number, scrubbed: (text: string) => string): EventView | undefined {
  // The table gives each kind a function for exactly that kind, which the compiler cannot see from here.
  const sentence = sentences[event.kind] as ((event: Event) => string) | undefined;
  if (sentence === undefined) return undefined;
  const reason = event.error === undefined ? '' : `: ${messageOf(event.error)}`;
  const isBad = event.error !== undefined || badKinds.includes(event.kind);
  return { atMs: event.at - begun, text: scrubbed(`${sentence(event)}${reason}`), mood: isBad ? 'bad' : 'idle' };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
