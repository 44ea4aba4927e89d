import { isLoopbackAddress } from '../middleware/this-machine.ts';

/**
 * Whether a browser may be sent on to an address with a one-time code: a program that listens on the user's own machine
 * (RFC 8252, 7.3), or a page of this server. Anything else would make this a way to send people elsewhere.
 */
export function mayReturnTo(address: string, origin: string): boolean {
  const url = URL.parse(address);
  if (!url || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  if (url.origin === origin) return true;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return url.protocol === 'http:' && (isLoopbackAddress(host) || host === 'localhost');
}
