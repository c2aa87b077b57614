import { StatusError } from '../status.ts';

/** A media type of an Accept header. */
export interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** How the client wants objects: as they are, as a table, or their metadata only. */
export type View = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

/** The media types of an Accept header, the most wanted first. */
export function acceptedTypes(accept: string | undefined): MediaType[] {
  if (accept === undefined || accept === '') return [{ type: '*/*', parameters: {} }];
  return accept
    .split(',')
    .map(parse)
    .toSorted((left, right) => Number(right.parameters['q'] ?? 1) - Number(left.parameters['q'] ?? 1));
}

/** The media type of a Content-Type header. */
function parse(text: string): MediaType {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const pairs = rest.map((part) => part.split('=', 2)).map(([key = '', value = '']) => [key, value.replaceAll('"', '')]);
  return { type: type.toLowerCase(), parameters: Object.fromEntries(pairs) };
}

/** Whether an accepted type lets us answer with JSON. */
export function takesJson({ type }: MediaType): boolean {
  return type === '*/*' || type === 'application/*' || type === 'application/json';
}

/** The view that the client asks for. Throws 406 where it takes nothing that the server can write. */
export function viewOf(accept: string | undefined): View {
  const wanted = acceptedTypes(accept).find((media) => takesJson(media) && isView(media.parameters['as'] ?? 'object'));
  const view = wanted?.parameters['as'] ?? 'object';
  if (wanted !== undefined && isView(view)) return view;
  throw new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: 'only the following media types are accepted: application/json, application/yaml',
  });
}

function isView(text: string): text is View {
  return ['object', 'Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'].includes(text);
}
