import { supply, type Component, type Event, type EventSink } from '../../src/fx/index.ts';
import { StartupEvents } from './index.ts';

/** How many events are kept of what comes after the start. */
const laterMax = 500;

interface Recorder {
  /** For the app's `sinks`: it must hear everything from the first event on. */
  readonly sink: EventSink;
  /** For its list. */
  readonly component: Component<'startup-events', never>;
}

/** Keeps the events of one app. It is made before the app: a component would miss what happens until it is built. */
export function startupRecorder(): Recorder {
  const start: Event[] = [];
  const later: Event[] = [];
  let hasStarted = false;
  const sink = (event: Event): void => {
    (hasStarted ? later : start).push(event);
    if (later.length > laterMax) later.shift();
    if (event.kind === 'Started') hasStarted = true;
  };
  const component = supply(StartupEvents, {
    get all() {
      return [...start, ...later];
    },
  });
  return { sink, component };
}
