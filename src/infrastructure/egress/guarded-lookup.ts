import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { EgressRefused } from '../../ports/egress.ts';
import type { AddressPolicy } from './address-policy.ts';

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** A lookup function for `net.connect`. */
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

/** How names are resolved: `dns.lookup`, unless a test brings its own. */
export type ResolveAll = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Resolves a name and leaves only the addresses that may be reached, so that a connection cannot go anywhere else, however
 * often the name changes its mind. Fails with `EgressRefused` when none is left.
 */
export function createGuardedLookup(policy: AddressPolicy, resolve: ResolveAll = lookup): Lookup {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const allowed = addresses.filter(({ address }) => policy(address) === undefined);
      const [first] = allowed;
      if (first === undefined) {
        return callback(refused(`"${hostname}"`, policy(addresses[0]?.address ?? '') ?? 'no address'), []);
      }
      if (options.all === true) return callback(null, allowed);
      return callback(null, first.address, first.family);
    });
  };
}

/** The error of a refused target: what it was, why, and the setting that decides. The resolved address is kept to ourselves. */
export function refused(target: string, kind: string): EgressRefused {
  return new EgressRefused(
    `${target} is ${kind}; this server reaches public addresses only. An operator can allow it with ANNALS_EGRESS_ALLOW`,
  );
}
