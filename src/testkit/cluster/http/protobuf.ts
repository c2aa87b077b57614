import { timestamp } from '../clock.ts';
import { type Json, type JsonObject, arrayAt } from '../json.ts';
import { unsupportedMediaType } from '../api/decode.ts';
import { type ProtobufField, protobufMessages } from './protobuf-types.ts';

/** The media type of Kubernetes' protobuf. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0');
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

/**
 * Reads an object that was sent as protobuf, for the few kinds that kubectl sends so. Throws 415 for any other,
 * and for a field that is not known: an object is never read in part.
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw refused();
  const envelope = [...fieldsOf(body.subarray(MAGIC.length))];
  const bytesOf = (number: number): Buffer => envelope.find((field) => field.number === number)?.bytes ?? Buffer.alloc(0);
  const [apiVersion = '', kind = ''] = [1, 2].map((number) =>
    [...fieldsOf(bytesOf(1))].find((field) => field.number === number)?.bytes.toString(),
  );
  return { apiVersion, kind, ...message(kind, bytesOf(2)) };
}

function refused(): Error {
  return unsupportedMediaType(['application/json', 'application/yaml']);
}

interface RawField {
  readonly number: number;
  readonly integer: bigint;
  readonly bytes: Buffer;
}

function* fieldsOf(buffer: Buffer): Generator<RawField> {
  let offset = 0;
  const varint = (): bigint => {
    let read = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[offset];
      if (byte === undefined) throw refused();
      offset += 1;
      read |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return read;
    }
  };
  while (offset < buffer.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    const wire = tag & 7;
    if (wire === VARINT) {
      yield { number, integer: varint(), bytes: Buffer.alloc(0) };
      continue;
    }
    if (wire !== BYTES && wire !== FIXED64) throw refused();
    const length = wire === FIXED64 ? 8 : Number(varint());
    yield { number, integer: 0n, bytes: buffer.subarray(offset, offset + length) };
    offset += length;
  }
}

function message(type: string, bytes: Buffer): JsonObject {
  const known = protobufMessages.get(type);
  if (known === undefined) throw refused();
  const result: JsonObject = {};
  for (const raw of fieldsOf(bytes)) {
    const field = known.get(raw.number);
    if (field === undefined) throw refused();
    add(result, field, raw);
  }
  return result;
}

function add(target: JsonObject, field: ProtobufField, raw: RawField): void {
  const { name, shape, type } = field;
  if (shape === 'map') {
    const entry = [...fieldsOf(raw.bytes)];
    const key = entry.find(({ number }) => number === 1)?.bytes.toString() ?? '';
    const item = entry.find(({ number }) => number === 2) ?? { number: 2, integer: 0n, bytes: Buffer.alloc(0) };
    const current = target[name];
    target[name] = {
      ...(typeof current === 'object' && current !== null && !Array.isArray(current) ? current : {}),
      [key]: value(type, item),
    };
    return;
  }
  if (shape === 'list') target[name] = [...arrayAt(target, name), value(type, raw)];
  else if (!isZero(field, raw)) target[name] = value(type, raw);
}

/** Go writes the zero value of every field that is no pointer; JSON leaves most of them out. */
function isZero({ type, name }: ProtobufField, raw: RawField): boolean {
  if (type === 'text') return raw.bytes.length === 0;
  if (type === 'bool') return raw.integer === 0n;
  if (type === 'int') return raw.integer === 0n && name !== 'replicas';
  return type === 'Time' && raw.bytes.length === 0;
}

function value(type: string, { integer, bytes }: RawField): Json {
  switch (type) {
    case 'text':
      return bytes.toString();
    case 'bytes':
      return bytes.toString('base64');
    case 'int':
      return Number(BigInt.asIntN(64, integer));
    case 'bool':
      return integer === 1n;
    default:
      return converted(type, message(type, bytes));
  }
}

/** Types that JSON writes as something simpler. */
function converted(type: string, fields: JsonObject): Json {
  if (type === 'Time') return timestamp(Number(fields['seconds'] ?? 0) * 1000);
  if (type === 'Quantity') return fields['string'] ?? '0';
  if (type !== 'IntOrString') return fields;
  return fields['type'] === 1 ? (fields['strVal'] ?? '') : (fields['intVal'] ?? 0);
}
