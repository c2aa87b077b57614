import { component, EventSink, sink, type Event } from '../../src/fx/index.ts';
import { Log, type Level } from './index.ts';

/** Events that an operator must see without asking for details. */
const louder: Readonly<Partial<Record<Event['kind'], Level>>> = {
  Degraded: 'error',
  ForcedExit: 'error',
  JobFailed: 'warn',
  JobRecovered: 'info',
  SettledLate: 'warn',
  Skipped: 'warn',
};

/** What the framework does, in the agent's log: at debug, but for what degrades the agent. */
export const fxEventLog = component({
  name: 'fx-event-log',
  provides: EventSink,
  requires: { log: Log },
  create({ log }) {
    let level: Level = 'debug';
    // One message is one line, whatever the console shows.
    const print = sink.console((text) =>
      log[level](
        text
          .trim()
          .replaceAll(/\s*\n\s*/g, '; ')
          .replaceAll(/\t+/g, ' '),
      ),
    );
    return (event) => {
      level = louder[event.kind] ?? 'debug';
      if (log.writes(level)) print(event);
    };
  },
});
