/** A client's address as people write it: on a port for both, Node shows one of IPv4 as `::ffff:10.0.0.1`. */
export function plainAddress(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}
