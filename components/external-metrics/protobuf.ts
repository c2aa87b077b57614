import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { sortedBy } from './sorted-by.ts';

/**
 * Kubernetes' protobuf form of the two objects that a metric is answered with. Field numbers are those of apimachinery and
 * k8s.io/metrics. Their encoder writes empty strings too; so does this one.
 */

/** `ExternalMetricValueList`, as it stands in JSON. */
export interface MetricValueList {
  readonly apiVersion: string;
  readonly kind: string;
  readonly items: readonly {
    readonly metricName: string;
    readonly metricLabels: Readonly<Record<string, string>> | null;
    /** RFC 3339, whole seconds. */
    readonly timestamp: string;
    readonly value: string;
  }[];
}

/** `Status`, as it stands in JSON. */
export interface StatusObject {
  readonly apiVersion: 'v1';
  readonly kind: 'Status';
  readonly metadata: Readonly<Record<never, never>>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly causes?: readonly { readonly message: string; readonly reason?: string; readonly field?: string }[];
    readonly retryAfterSeconds?: number;
  };
  readonly code: number;
}

type Write = (writer: BinaryWriter) => void;

/** What begins every object, so that it is not taken for JSON. */
const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

const wireType = { varint: 0, bytes: 2 };

function message(writer: BinaryWriter, field: number, write: Write): void {
  writer.tag(field, wireType.bytes).fork();
  write(writer);
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, wireType.bytes).string(value);
}

function listMeta(writer: BinaryWriter): void {
  for (const field of [1, 2, 3]) text(writer, field, '');
}

/** An object in its envelope, `runtime.Unknown`. */
function envelope({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }, raw: Write): Uint8Array {
  const writer = new BinaryWriter();
  message(writer, 1, (typeMeta) => {
    text(typeMeta, 1, apiVersion);
    text(typeMeta, 2, kind);
  });
  message(writer, 2, raw);
  text(writer, 3, '');
  text(writer, 4, '');
  return Buffer.concat([magic, writer.finish()]);
}

export function encodeValues(list: MetricValueList): Uint8Array {
  return envelope(list, (writer) => {
    message(writer, 1, listMeta);
    for (const item of list.items) message(writer, 2, (each) => encodeValue(each, item));
  });
}

function encodeValue(writer: BinaryWriter, item: MetricValueList['items'][number]): void {
  text(writer, 1, item.metricName);
  for (const [key, value] of sortedBy(Object.entries(item.metricLabels ?? {}), ([name]) => name))
    message(writer, 2, (entry) => {
      text(entry, 1, key);
      text(entry, 2, value);
    });
  message(writer, 3, (time) => {
    time.tag(1, wireType.varint).int64(Math.floor(Date.parse(item.timestamp) / 1000));
    time.tag(2, wireType.varint).int32(0);
  });
  message(writer, 5, (quantity) => text(quantity, 1, item.value));
}

export function encodeStatus(status: StatusObject): Uint8Array {
  return envelope(status, (writer) => {
    message(writer, 1, listMeta);
    text(writer, 2, status.status);
    text(writer, 3, status.message);
    text(writer, 4, status.reason ?? '');
    if (status.details !== undefined) message(writer, 5, (details) => encodeDetails(details, status.details ?? {}));
    writer.tag(6, wireType.varint).int32(status.code);
  });
}

function encodeDetails(writer: BinaryWriter, details: NonNullable<StatusObject['details']>): void {
  text(writer, 1, details.name ?? '');
  text(writer, 2, details.group ?? '');
  text(writer, 3, details.kind ?? '');
  for (const cause of details.causes ?? [])
    message(writer, 4, (each) => {
      text(each, 1, cause.reason ?? '');
      text(each, 2, cause.message);
      text(each, 3, cause.field ?? '');
    });
  writer.tag(5, wireType.varint).int32(details.retryAfterSeconds ?? 0);
  text(writer, 6, '');
}
