export { type Datadog, type DatadogOptions, startDatadog } from './start.ts';
export type { ActiveFault, Fault, FaultEffect, FaultTarget, Faults } from './faults.ts';
export type { Point, SeriesFunction } from './query.ts';
export type { Received } from './intake.ts';
