import { setImmediate as turn } from 'node:timers/promises';

/** Items between two turns of everybody else: half a millisecond or so, whatever is done with them here. */
const sliceMax = 25;

/** Works through items without holding up others for long. */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    work(item);
    count += 1;
    if (count % sliceMax === 0) await turn();
  }
}
