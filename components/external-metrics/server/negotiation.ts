/** The forms that an object can be answered in. */
export type MediaType = 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf';

const forms: readonly MediaType[] = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
/** Longer headers are cut: no client has so much to say. */
const lengthMax = 4096;

/** One wish of an Accept header. */
interface Clause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

/** The wishes of an Accept header, the strongest first. */
function clausesIn(accept: string): readonly Clause[] {
  const clauses = accept
    .slice(0, lengthMax)
    .split(',')
    .map((text) => {
      const [type = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase());
      const parameters = Object.fromEntries(rest.map((part) => part.split('=', 2).map((each) => each.trim())) as [string, string][]);
      const quality = Number(parameters['q'] ?? 1);
      return { type, parameters, quality: Number.isNaN(quality) ? 0 : quality };
    })
    .filter(({ type, quality }) => type !== '' && quality > 0);
  return clauses.toSorted((a, b) => b.quality - a.quality);
}

/** The form that the client likes best; `undefined` when it takes none of them. */
export function formFor(accept: string | undefined): MediaType | undefined {
  if (accept === undefined || accept.trim() === '') return 'application/json';
  for (const { type } of clausesIn(accept)) {
    if (type === '*/*' || type === 'application/*') return 'application/json';
    const form = forms.find((each) => each === type);
    if (form !== undefined) return form;
  }
  return undefined;
}

/** The version of aggregated discovery that the client prefers to a plain list of groups. */
export function discoveryFor(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const { type, parameters } of clausesIn(accept ?? '')) {
    if (type !== 'application/json' && type !== '*/*') continue;
    if (parameters['as'] !== 'apigroupdiscoverylist') return undefined;
    if (parameters['g'] === 'apidiscovery.k8s.io' && (parameters['v'] === 'v2' || parameters['v'] === 'v2beta1')) return parameters['v'];
  }
  return undefined;
}

export const formsText = forms.join(', ');
