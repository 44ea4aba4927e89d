import { isIPv4, isIPv6 } from 'node:net';

export type IpAddress = { readonly family: 'ipv4' | 'ipv6'; readonly address: string };

/**
 * An IP address in its plain form: brackets and zone taken off, and an IPv4 address taken out of the IPv6 addresses that
 * only carry one (IPv4-mapped, IPv4-compatible, NAT64 `64:ff9b::/96`, 6to4 `2002::/16`), because that is who answers.
 * Undefined when the text is no IP address.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  if (isIPv4(bare)) return { family: 'ipv4', address: bare };
  if (!isIPv6(bare)) return undefined;
  const inner = carriedIPv4(groupsOf(bare));
  return inner === undefined ? { family: 'ipv6', address: bare } : { family: 'ipv4', address: inner };
}

/** The eight 16-bit groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  );
  const [head = '', tail] = hex.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...(tail === undefined ? [] : zeros), ...right].map((group) => Number.parseInt(group, 16));
}

function carriedIPv4(groups: readonly number[]): string | undefined {
  const starts = (...prefix: number[]): boolean => prefix.every((group, index) => groups[index] === group);
  if (starts(0x2002)) return dotted(groups[1], groups[2]);
  const last = dotted(groups[6], groups[7]);
  if (starts(0, 0, 0, 0, 0, 0xffff)) return last;
  if (starts(0, 0, 0, 0, 0xffff, 0)) return last;
  if (starts(0x64, 0xff9b, 0, 0, 0, 0)) return last;
  if (starts(0, 0, 0, 0, 0, 0) && groups[6] !== 0) return last;
  return undefined;
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
