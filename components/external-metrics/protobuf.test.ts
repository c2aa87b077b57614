import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeStatus, encodeValues } from './protobuf.ts';

const list = { apiVersion: 'external.metrics.k8s.io/v1beta1', kind: 'ExternalMetricValueList' };

/** Every field of a message, undecoded, by number. */
function fields(bytes: Uint8Array): Map<number, (Uint8Array | number)[]> {
  const reader = new BinaryReader(bytes);
  const found = new Map<number, (Uint8Array | number)[]>();
  while (reader.pos < reader.len) {
    const [number, kind] = reader.tag();
    found.set(number, [...(found.get(number) ?? []), kind === WireType.Varint ? reader.int32() : reader.bytes()]);
  }
  return found;
}
const raw = (bytes: Uint8Array): Map<number, (Uint8Array | number)[]> => fields(fields(bytes.subarray(4)).get(2)?.[0] as Uint8Array);
const asText = (value: unknown): string => Buffer.from(value as Uint8Array).toString();

describe('encodeValues', () => {
  it('writes the bytes that the Go encoder writes', () => {
    const item = { metricName: 'datadogmetric@default:demo', metricLabels: null, timestamp: '2023-11-14T22:13:20Z', value: '2500m' };
    expect(Buffer.from(encodeValues({ ...list, items: [item] })).toString('hex')).toBe(
      '6b3873000a3a0a1f65787465726e616c2e6d6574726963732e6b38732e696f2f76316265746131121745787465726e616c4d657472696356616c75654c69737412390a060a0012001a00122f0a1a64617461646f676d65747269634064656661756c743a64656d6f1a080880e2cfaa0610002a070a05323530306d1a002200',
    );
  });

  it('keeps every name, label and value', () => {
    const labels = fc.option(fc.dictionary(fc.string(), fc.string()), { nil: null });
    fc.assert(
      fc.property(fc.array(fc.record({ metricName: fc.string(), metricLabels: labels, value: fc.string() })), (items) => {
        const bytes = encodeValues({ ...list, items: items.map((item) => ({ ...item, timestamp: '2023-11-14T22:13:20Z' })) });
        const decoded = (raw(bytes).get(2) ?? []).map((item) => fields(item as Uint8Array));
        expect(decoded.map((item) => asText(item.get(1)?.[0]))).toEqual(items.map(({ metricName }) => Buffer.from(metricName).toString()));
        expect(decoded.map((item) => asText(fields(item.get(5)?.[0] as Uint8Array).get(1)?.[0]))).toEqual(
          items.map(({ value }) => Buffer.from(value).toString()),
        );
        expect(decoded.map((item) => item.get(2)?.length ?? 0)).toEqual(
          items.map(({ metricLabels }) => Object.keys(metricLabels ?? {}).length),
        );
      }),
    );
  });
});

describe('encodeStatus', () => {
  it('says what the JSON says', () => {
    const bytes = encodeStatus({
      apiVersion: 'v1',
      kind: 'Status',
      metadata: {},
      status: 'Failure',
      message: 'Internal error occurred: no value',
      reason: 'InternalError',
      details: { causes: [{ message: 'no value' }] },
      code: 500,
    });
    const status = raw(bytes);
    expect([2, 3, 4].map((field) => asText(status.get(field)?.[0]))).toEqual([
      'Failure',
      'Internal error occurred: no value',
      'InternalError',
    ]);
    expect(status.get(6)).toEqual([500]);
    const cause = fields(fields(status.get(5)?.[0] as Uint8Array).get(4)?.[0] as Uint8Array);
    expect(asText(cause.get(2)?.[0])).toBe('no value');
  });

  it('keeps every word of any error', () => {
    const words = fc.string({ unit: 'binary' });
    const cause = fc.record({ message: words, reason: words, field: words });
    const details = fc.record({ name: words, group: words, kind: words, causes: fc.array(cause) }, { requiredKeys: [] });
    const given = fc.record(
      { message: words, reason: words, details, code: fc.integer({ min: 100, max: 599 }) },
      { requiredKeys: ['message', 'code'] },
    );
    fc.assert(
      fc.property(given, (error) => {
        const status = raw(encodeStatus({ apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', ...error }));
        const text = (bytes: unknown, field: number): string => asText(fields(bytes as Uint8Array).get(field)?.[0]);
        expect([3, 4].map((field) => asText(status.get(field)?.[0]))).toEqual([error.message, error.reason ?? '']);
        expect(status.get(6)).toEqual([error.code]);
        expect(status.has(5)).toBe(error.details !== undefined);
        if (error.details === undefined) return;
        const [bytes] = status.get(5) ?? [];
        const { name = '', group = '', kind = '', causes = [] } = error.details;
        expect([1, 2, 3].map((field) => text(bytes, field))).toEqual([name, group, kind]);
        const written = fields(bytes as Uint8Array).get(4) ?? [];
        expect(written.map((each) => [1, 2, 3].map((field) => text(each, field)))).toEqual(
          causes.map(({ reason, message, field }) => [reason, message, field]),
        );
      }),
    );
  });
});
