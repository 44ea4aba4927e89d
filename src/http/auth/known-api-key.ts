import { BlockList, isIPv4 } from 'node:net';
import { loadApiKey } from '../../commands/api-keys.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import type { Principal } from '../../domain/access/principal.ts';

/** An API key that is not revoked, ready to be checked against what a request brings. */
export interface KnownApiKey {
  readonly id: string;
  /** Its owner, limited to its scopes. */
  readonly principal: Principal;
  readonly secretHash: string;
  /** Milliseconds since the epoch; Infinity: it does not end by itself. */
  readonly expiresAt: number;
  readonly admits: (address: string | undefined) => boolean;
}

/**
 * A key and its owner, from the log; undefined when the key is revoked or unknown, or its owner is.
 */
export async function readApiKey(
  deps: CommandDeps,
  id: string,
  ownerOf: (userId: string) => Promise<Principal | undefined>,
): Promise<KnownApiKey | undefined> {
  const key = await loadApiKey(deps, id);
  if (key.status !== 'active') return undefined;
  const { userId, scopes, secretHash, expiresAt, addresses } = key;
  const owner = await ownerOf(userId);
  if (!owner) return undefined;
  return {
    id,
    principal: { ...owner, scopes, via: `api-key:${id}` },
    secretHash,
    expiresAt: expiresAt === null ? Infinity : Date.parse(expiresAt),
    admits: addresses.length === 0 ? () => true : withinBlocks(addresses),
  };
}

function withinBlocks(blocks: readonly string[]): KnownApiKey['admits'] {
  const list = new BlockList();
  for (const block of blocks) {
    const [network = '', bits] = block.split('/');
    const family = isIPv4(network) ? 'ipv4' : 'ipv6';
    list.addSubnet(network, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return (address) => {
    if (address === undefined) return false;
    // A socket that listens on both families calls IPv4 addresses ::ffff:a.b.c.d.
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
    return list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
  };
}
