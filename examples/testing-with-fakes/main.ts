import { component, Jobs, run, token } from '../../src/fx/index.ts';

export interface Thermometer {
  /** Degrees Celsius. */
  read(): Promise<number>;
}
export const Thermometer = token<Thermometer>()('thermometer');

export interface Alarm {
  readonly isRinging: boolean;
}
export const Alarm = token<Alarm>()('alarm');

export const randomThermometer = component({
  provides: Thermometer,
  create: () => ({ read: () => Promise.resolve(15 + Math.random() * 10) }),
});

/** Rings above 24 degrees; looks every minute. */
export const heatAlarm = component({
  provides: Alarm,
  requires: { thermometer: Thermometer, jobs: Jobs },
  create({ thermometer, jobs }) {
    const alarm = { isRinging: false };
    jobs.timer({
      name: 'watch-temperature',
      everyMs: 60_000,
      run: async () => {
        alarm.isRinging = (await thermometer.read()) > 24;
      },
    });
    return alarm;
  },
});

const printer = component({
  name: 'printer',
  requires: { alarm: Alarm },
  create: ({ alarm }) => alarm,
  start: () => console.log('Watching.'),
  stop: (alarm) => console.log(alarm.isRinging ? 'It was hot.' : 'It was not hot.'),
});

if (import.meta.main) process.exitCode = await run([randomThermometer, heatAlarm, printer]);
