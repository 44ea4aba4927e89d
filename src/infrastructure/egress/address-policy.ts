import { BlockList } from 'node:net';
import { parseIpAddress, type IpAddress } from './ip-address.ts';

export interface AddressPolicyOptions {
  /** CIDR blocks or single addresses that are allowed although they are not public. */
  readonly allow: readonly string[];
  /** Whether the machine itself may be reached (`127.0.0.0/8`, `::1`). */
  readonly allowLoopback: boolean;
}

/** Tells why an address is refused; undefined when it may be reached. */
export type AddressPolicy = (address: string) => string | undefined;

const LOOPBACK = ['127.0.0.0/8', '::1/128'] as const;

/**
 * Blocks that are not the public internet, by kind: the IANA special-purpose registries for IPv4 and IPv6
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry) and multicast.
 */
const NOT_PUBLIC: readonly (readonly [kind: string, ...blocks: string[]])[] = [
  ['a loopback address', ...LOOPBACK],
  ['the unspecified address', '0.0.0.0/8', '::/128'],
  ['a link-local or metadata address', '169.254.0.0/16', 'fe80::/10', 'fec0::/10'],
  ['a private address', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
  ['a carrier-grade NAT address', '100.64.0.0/10'],
  ['a multicast or broadcast address', '224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'],
  ['a reserved address', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
  ['a reserved address', '203.0.113.0/24', '240.0.0.0/4', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32'],
  ['a reserved address', '3fff::/20', '5f00::/16'],
];

/** Everything handed out so far is inside this block; the rest of IPv6 is refused. */
const PUBLIC_IPV6 = ['2000::/3'] as const;

/**
 * Decides which addresses may be reached: public ones, and those the operator named.
 * @throws RangeError an entry of `allow` is no CIDR block; the message names the setting
 */
export function createAddressPolicy(options: AddressPolicyOptions): AddressPolicy {
  const allowed = blockList([...options.allow, ...(options.allowLoopback ? LOOPBACK : [])]);
  const refused = NOT_PUBLIC.map(([kind, ...blocks]) => ({ kind, list: blockList(blocks) }));
  const publicIPv6 = blockList(PUBLIC_IPV6);
  return (address) => {
    const ip = parseIpAddress(address);
    if (ip === undefined) return 'not an IP address';
    if (allowed.check(ip.address, ip.family)) return undefined;
    const match = refused.find(({ list }) => list.check(ip.address, ip.family));
    if (match !== undefined) return match.kind;
    return ip.family === 'ipv4' || publicIPv6.check(ip.address, 'ipv6') ? undefined : 'a reserved address';
  };
}

function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const { ip, prefix } = parseBlock(block);
    list.addSubnet(ip.address, prefix, ip.family);
  }
  return list;
}

function parseBlock(block: string): { readonly ip: IpAddress; readonly prefix: number } {
  const [address = '', length, ...rest] = block.trim().split('/');
  const ip = parseIpAddress(address);
  const widest = ip?.family === 'ipv4' ? 32 : 128;
  const prefix = length === undefined ? widest : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (ip === undefined || rest.length > 0 || !(prefix <= widest)) {
    throw new RangeError(
      `ANNALS_EGRESS_ALLOW: "${block}" is no address block; an example is ANNALS_EGRESS_ALLOW=10.1.0.0/16,fd00::/8`,
    );
  }
  return { ip, prefix };
}
