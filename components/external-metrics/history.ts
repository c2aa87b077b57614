import type { MetricPoint } from '../datadog-client/index.ts';

/** Of each metric, its last one included. */
const pointsMax = 5;

/** The last few values of metrics by key. */
export class History {
  readonly #points = new Map<string, readonly MetricPoint[]>();

  /** A point of the same time stands in the place of the last one; older ones, and a time of 0, do not count. */
  add(key: string, { value, timestamp }: MetricPoint): void {
    const known = this.#points.get(key) ?? [];
    const [last = { value: 0, timestamp: 0 }] = known;
    if (timestamp < last.timestamp || timestamp === 0 || (timestamp === last.timestamp && value === last.value)) return;
    this.#points.set(key, [{ value, timestamp }, ...known.slice(timestamp === last.timestamp ? 1 : 0)].slice(0, pointsMax));
  }

  forget(key: string): void {
    this.#points.delete(key);
  }

  /** Forgets all others. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#points.keys()) if (!keys.has(key)) this.#points.delete(key);
  }

  last(key: string): MetricPoint | undefined {
    return this.#points.get(key)?.[0];
  }

  /** Those before the last one, newest first. */
  earlier(key: string): readonly MetricPoint[] {
    return this.#points.get(key)?.slice(1) ?? [];
  }
}
