import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claim, parseRecord, recordText, released, unclaimed, type LeaderRecord } from './record.ts';

const go =
  '{"holderIdentity":"agent-7c9","leaseDurationSeconds":60,"acquireTime":"2024-07-29T17:25:39Z","renewTime":"2024-07-29T17:31:10Z","leaderTransitions":3}';
const record: LeaderRecord = {
  holderIdentity: 'agent-7c9',
  leaseDurationSeconds: 60,
  acquireTime: Date.UTC(2024, 6, 29, 17, 25, 39),
  renewTime: Date.UTC(2024, 6, 29, 17, 31, 10),
  leaderTransitions: 3,
};

describe('a record', () => {
  it('is written byte for byte as the Go agent does', () => {
    expect(recordText(record)).toBe(go);
    expect(recordText(unclaimed)).toBe(
      '{"holderIdentity":"","leaseDurationSeconds":0,"acquireTime":null,"renewTime":null,"leaderTransitions":0}',
    );
  });

  it('is read as the Go agent writes it', () => {
    expect(parseRecord(go)).toEqual(record);
    expect(parseRecord(go.replace(/"2024[^"]*"/g, 'null'))).toEqual({ ...record, acquireTime: undefined, renewTime: undefined });
  });

  it("is read in the Python client's odd JSON", () => {
    const python =
      '{"holderIdentity": "agent-7c9", "leaseDurationSeconds": "60", "acquireTime": "2024-07-29 17:25:39.000000", "renewTime": "2024-07-29 17:31:10"}';
    expect(parseRecord(python)).toEqual({ ...record, leaderTransitions: 0 });
  });

  it('is nothing when it is no record', () => {
    for (const text of ['', 'null', '3', '[]', '{"holder', '"agent"']) expect(parseRecord(text)).toBeUndefined();
  });

  it('never throws, and means the same when it is written again', () => {
    const fields = fc.record(
      {
        holderIdentity: fc.oneof(fc.string(), fc.constant(7)),
        leaseDurationSeconds: fc.oneof(fc.integer(), fc.double(), fc.string()),
        acquireTime: fc.oneof(fc.string(), fc.date({ noInvalidDate: true }).map(String), fc.constant(null)),
        leaderTransitions: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, (odd) => {
        const read = parseRecord(JSON.stringify(odd)) ?? unclaimed;
        expect(parseRecord(recordText(read))).toMatchObject({
          holderIdentity: read.holderIdentity,
          leaderTransitions: read.leaderTransitions,
        });
      }),
    );
  });
});

describe('a claim', () => {
  const mine = { identity: 'agent-7c9', leaseDurationSeconds: 15, now: record.renewTime ?? 0 };

  it('begins with no transition in a new object, and counts one for each new holder', () => {
    expect(claim(undefined, mine).leaderTransitions).toBe(0);
    expect(claim(unclaimed, mine).leaderTransitions).toBe(1);
    expect(claim({ ...record, holderIdentity: 'other' }, mine)).toEqual({
      ...record,
      leaseDurationSeconds: 15,
      acquireTime: mine.now,
      leaderTransitions: 4,
    });
    expect(claim(released(record, mine.now), mine).leaderTransitions).toBe(4);
  });

  it('keeps since when and how often, for its own record', () => {
    const later = { ...mine, now: mine.now + 15_000 };
    expect(claim(record, later)).toEqual({ ...record, leaseDurationSeconds: 15, renewTime: later.now });
  });

  it('never repeats a record, whatever the wall clock says', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4e12 }), { maxLength: 20 }), (times) => {
        let last = claim(undefined, { ...mine, now: 0 });
        const written = new Set([recordText(last)]);
        for (const now of times) written.add(recordText((last = claim(last, { ...mine, now }))));
        expect(written.size).toBe(times.length + 1);
      }),
    );
  });

  it('does not follow a clock beyond the years that Go can write', () => {
    const absurd = { ...record, renewTime: Date.UTC(9999, 11, 31, 23, 59, 59) };
    expect(claim(absurd, mine).renewTime).toBe(mine.now);
  });
});

it('a released record can be taken at once', () => {
  expect(recordText(released(record, record.renewTime ?? 0))).toBe(
    '{"holderIdentity":"","leaseDurationSeconds":1,"acquireTime":"2024-07-29T17:31:10Z","renewTime":"2024-07-29T17:31:10Z","leaderTransitions":3}',
  );
});
