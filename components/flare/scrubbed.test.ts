import { array, assert, asyncProperty, constant, nat, oneof } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Scrubber } from '../scrubber/index.ts';
import { scrubbed } from './scrubbed.ts';

/** Counts its calls, and masks what a scrubber can see only as a whole. */
function blockScrubber(): Scrubber & { readonly calls: number } {
  let calls = 0;
  return {
    text: (text) => {
      calls += 1;
      return text.replaceAll(/-----BEGIN KEY-----[^-]*-----END KEY-----/g, '********').replaceAll('hunter2', '********');
    },
    data: (value) => value,
    remember: () => {},
    get calls() {
      return calls;
    },
  };
}
const line = (length: number): string => `${'x'.repeat(length)}\n`;
const pem = `-----BEGIN KEY-----\n${line(64).repeat(40)}-----END KEY-----\n`;

describe('scrubbed', () => {
  it('takes a long text in slices, and finds every secret wherever it lies', async () => {
    await assert(
      asyncProperty(
        array(oneof(constant(pem), constant('pass hunter2\n'), nat(3000).map(line)), { minLength: 40, maxLength: 60 }),
        async (parts) => {
          const text = parts.join('');
          const scrubber = blockScrubber();
          expect(Buffer.from(await scrubbed(text, scrubber)).toString()).toBe(blockScrubber().text(text));
          expect(scrubber.calls).toBeGreaterThanOrEqual(Math.floor(text.length / (96 * 1024)));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('goes on where a line or a block never ends', async () => {
    for (const text of ['x'.repeat(500_000), `-----BEGIN KEY-----\n${line(70).repeat(5000)}`]) {
      expect(Buffer.from(await scrubbed(text, blockScrubber())).toString()).toBe(text);
    }
  });

  it('leaves alone what is no text, and keeps a byte order mark', async () => {
    const bytes = new Uint8Array([0xff, 0x00]);
    expect(await scrubbed(bytes, blockScrubber())).toBe(bytes);
    const marked = Buffer.from('\uFEFFa');
    expect([...(await scrubbed(marked, blockScrubber()))]).toEqual([...marked]);
  });
});
