export type AnyLabels = Readonly<Record<string, string>>;

/** The values of one label set, and what a counter has counted for it since it was last read. */
export class Series {
  readonly labels: AnyLabels;
  #count = 0;

  constructor(labels: AnyLabels) {
    this.labels = { ...labels };
  }

  count(value: number): void {
    this.#count += value;
  }

  takeCount(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }
}

type Level = Map<string, Level | Series>;

/**
 * The label sets of a metric, by the value of one label after the other. One key of all values would have to be written and hashed for
 * each look; these strings are there already, and know their hash.
 */
export class SeriesTable {
  size = 0;
  readonly #names: readonly string[];
  #root: Level | Series | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  find(labels: AnyLabels): Series | undefined {
    let at = this.#root;
    for (const name of this.#names) at = (at as Level | undefined)?.get(labels[name] ?? '');
    return at as Series | undefined;
  }

  add(labels: AnyLabels): Series {
    const series = new Series(labels);
    this.#root = this.#with(series, this.#root, 0);
    this.size += 1;
    return series;
  }

  /** Levels that become empty go with it. */
  delete(labels: AnyLabels): void {
    if (this.find(labels) === undefined) return;
    this.#root = this.#without(labels, this.#root, 0);
    this.size -= 1;
  }

  all(): readonly Series[] {
    let all: readonly (Level | Series)[] = this.#root === undefined ? [] : [this.#root];
    for (let depth = 0; depth < this.#names.length; depth += 1) all = all.flatMap((level) => [...(level as Level).values()]);
    return all as readonly Series[];
  }

  #with(series: Series, at: Level | Series | undefined, depth: number): Level | Series {
    const name = this.#names[depth];
    if (name === undefined) return series;
    const level = (at as Level | undefined) ?? new Map();
    const value = series.labels[name] ?? '';
    return level.set(value, this.#with(series, level.get(value), depth + 1));
  }

  #without(labels: AnyLabels, at: Level | Series | undefined, depth: number): Level | undefined {
    const name = this.#names[depth];
    if (name === undefined || !(at instanceof Map)) return undefined;
    const value = labels[name] ?? '';
    const rest = this.#without(labels, at.get(value), depth + 1);
    if (rest === undefined) at.delete(value);
    else at.set(value, rest);
    return at.size === 0 ? undefined : at;
  }
}
