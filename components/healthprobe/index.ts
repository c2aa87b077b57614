import { token } from '../../src/fx/index.ts';

export { healthprobeSettings } from './settings.ts';

/** `liveness` counts for readiness too; `startup` stays healthy once it was. */
export type HealthKind = 'liveness' | 'readiness' | 'startup';

/**
 * A component's place in the health catalog. The probe puts a ping into a mailbox of two every 15 seconds; a component is
 * healthy while it takes them out. It begins with a full mailbox: unhealthy until the first {@link taken}.
 */
export interface HealthHandle {
  /** Empties the mailbox: the component's own work has come round again. Call it where that work is done, not on a timer. */
  taken(): void;
  deregister(): void;
}

export interface HealthStatus {
  readonly healthy: readonly string[];
  readonly unhealthy: readonly string[];
}

export interface Healthprobe {
  register(kind: HealthKind, name: string): HealthHandle;
  status(kind: HealthKind): HealthStatus;
}
export const Healthprobe = token<Healthprobe>()('healthprobe');
