import { isIP } from 'node:net';

/**
 * Whether a listening address can be reached from this machine only. A name other than `localhost` counts as public,
 * because what it resolves to may change.
 */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (address === 'localhost') return true;
  if (isIP(address) === 4) return address.startsWith('127.');
  return isIP(address) === 6 && (address === '::1' || address.startsWith('::ffff:127.'));
}
