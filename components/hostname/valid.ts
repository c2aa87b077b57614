const lengthMax = 255;
const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const rfc1123 = new RegExp(`^(?:${label}\\.)*${label}$`);
const localNames = new Set(['localhost', 'localhost.localdomain', 'localhost6.localdomain6', 'ip6-localhost']);

/** @throws Error that says why nobody should report under this name */
export function validHostname(name: string): string {
  if (name === '') throw new Error('hostname is empty');
  if (localNames.has(name.toLowerCase())) throw new Error(`${name} is a local hostname`);
  if (name.length > lengthMax) throw new Error(`name exceeded the maximum length of ${lengthMax} characters`);
  if (!rfc1123.test(name)) throw new Error(`${name} is not RFC1123 compliant`);
  return name;
}
