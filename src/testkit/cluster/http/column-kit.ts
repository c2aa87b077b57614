import type { Json, KubeObject } from '../json.ts';
import { numberAt } from '../json.ts';

/** A cell of a table. */
export type Cell = string | number | boolean | null;

/** A column of a table: how discovery describes it, and its cells. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description: string;
  /** 0 for what `kubectl get` always shows, 1 for what needs `-o wide`. */
  readonly priority?: number;
  readonly cell: (object: KubeObject, now: number) => Cell;
}

/** How long ago `timestamp` was, as kubectl writes it: `45s`, `5m12s`, `3h`, `2d`. */
export function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 0) return seconds > -2 ? '0s' : '<invalid>';
  if (seconds < 120) return `${seconds}s`;
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3600), Math.floor(seconds / 86_400)];
  if (minutes < 10) return precise(minutes, 'm', `${seconds % 60}s`);
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return precise(hours, 'h', `${minutes % 60}m`);
  if (hours < 48) return `${hours}h`;
  if (hours < 192) return precise(days, 'd', `${hours % 24}h`);
  return days < 730 ? `${days}d` : `${Math.floor(days / 365)}y`;
}

/** A whole and its rest, which is left out where it is nothing. */
function precise(whole: number, unit: string, rest: string): string {
  return rest.startsWith('0') ? `${whole}${unit}` : `${whole}${unit}${rest}`;
}

/** The age of an object. */
export function ageOf(object: KubeObject, now: number): string {
  return since(object.metadata.creationTimestamp, now);
}

/** The time since `timestamp`; `<unknown>` where there is none. */
export function since(timestamp: Json | undefined, now: number): string {
  const started = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(started) ? '<unknown>' : duration(now - started);
}

/** Makes columns: `wide` ones are shown with `-o wide` only. */
export const column = {
  text: (name: string, cell: (object: KubeObject, now: number) => Cell): Column => ({ name, type: 'string', description: '', cell }),
  number: (name: string, ...path: readonly string[]): Column => ({
    name,
    type: 'integer',
    description: '',
    cell: (object) => numberAt(object, ...path) ?? 0,
  }),
  wide: (name: string, cell: (object: KubeObject, now: number) => Cell): Column => ({
    name,
    type: 'string',
    description: '',
    priority: 1,
    cell,
  }),
};

/** `<none>` for nothing. */
export function orNone(value: string): string {
  return value === '' ? '<none>' : value;
}
