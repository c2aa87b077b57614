export { testApp, type TestedApp } from './testing/app.ts';
export { manualClock, type ManualClock } from './testing/clock.ts';
export { faultInject } from './testing/faults.ts';
export { LeakWatch } from './testing/leaks.ts';
export { fakeProcess, type FakeProcess } from './testing/process.ts';
