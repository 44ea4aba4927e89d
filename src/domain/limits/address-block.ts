/**
 * What counts as one address: an IPv4 address, also where IPv6 writes it (`::ffff:192.0.2.1`), and of IPv6 the first 64
 * bits, of which one client has all the rest to choose from (RFC 6177). What is neither stands for itself.
 * @param address as the operating system names it
 */
export function addressBlock(address: string): string {
  if (!address.includes(':')) return address;
  const [bare = ''] = address.toLowerCase().split('%');
  const mapped = /^(?:0{0,4}:){2,5}ffff:(?:0{1,4}:)?(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = bare.split('::', 2);
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const groups = [...before, ...(tail === undefined ? [] : zeros), ...after];
  const network = groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''));
  return `${network.join(':')}::/64`;
}

function groupsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(':');
}
