/** Items that are handed on in one turn of the event loop: a few milliseconds of formatting. */
export const sliceMax = 100;

interface Options<T> {
  /** How many items may wait. */
  readonly itemsMax: number;
  /** How large the waiting ones may be together, in the unit of `sizeOf`. */
  readonly sizeMax: number;
  readonly sizeOf: (item: T) => number;
  readonly hand: (item: T) => void;
  /** There is no room for an item. */
  readonly lost: () => void;
}

/**
 * Hands items on in their order: at once, until there are many in one turn of the event loop. Then the others wait for the
 * next turns, so that a flood of them does not hold up everything else.
 */
export class Slices<T> {
  readonly #options: Options<T>;
  #waiting: T[] = [];
  /** How many of {@link #waiting} have been handed on. */
  #next = 0;
  #size = 0;
  #handedThisTurn = 0;
  #isTurnComing = false;

  constructor(options: Options<T>) {
    this.#options = options;
  }

  /** How many items wait. */
  get length(): number {
    return this.#waiting.length - this.#next;
  }

  push(item: T): void {
    const { itemsMax, sizeMax, sizeOf, lost } = this.#options;
    this.#awaitTurn();
    if (this.length === 0 && this.#handedThisTurn < sliceMax) {
      this.#hand(item);
      return;
    }
    const size = sizeOf(item);
    if (this.length >= itemsMax || this.#size + size > sizeMax) {
      lost();
      return;
    }
    this.#waiting.push(item);
    this.#size += size;
  }

  #hand(item: T): void {
    this.#handedThisTurn += 1;
    this.#options.hand(item);
  }

  #awaitTurn(): void {
    if (this.#isTurnComing) return;
    this.#isTurnComing = true;
    setImmediate(() => this.#takeTurn());
  }

  #takeTurn(): void {
    this.#isTurnComing = false;
    this.#handedThisTurn = 0;
    if (this.length === 0) return;
    this.#awaitTurn();
    const slice = this.#waiting.slice(this.#next, this.#next + sliceMax);
    this.#next += slice.length;
    if (this.#next * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    for (const item of slice) {
      this.#size -= this.#options.sizeOf(item);
      this.#hand(item);
    }
  }
}
