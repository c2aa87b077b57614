/** What waits to be written: a limited number, of which the newest are refused when it is full. */
export class EventQueue<T> {
  readonly #max: number;
  readonly #waiting: T[] = [];
  /** The one who takes; there is never more than one. */
  #taker: ((item: T) => void) | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** @returns whether there was room */
  offer(item: T): boolean {
    const taker = this.#taker;
    this.#taker = undefined;
    if (taker !== undefined) taker(item);
    else if (this.#waiting.length < this.#max) this.#waiting.push(item);
    else return false;
    return true;
  }

  /** Forgets everything. @returns how many there were */
  clear(): number {
    return this.#waiting.splice(0).length;
  }

  /** Waits for the next. @throws the signal's reason */
  take(signal: AbortSignal): Promise<T> {
    const next = this.#waiting.shift();
    if (next !== undefined) return Promise.resolve(next);
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#taker = undefined;
        reject(signal.reason as Error);
      };
      this.#taker = (item) => {
        signal.removeEventListener('abort', stop);
        resolve(item);
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }
}
