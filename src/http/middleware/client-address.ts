import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyaddr from 'proxy-addr';

/** Where a request comes from: the address of a client, as far as it can be known. */
export type AddressOf = (request: IncomingMessage) => string | undefined;

/**
 * The address of the connection, unless it is that of a proxy which is trusted to say (`X-Forwarded-For`) from where it was
 * asked: then the last address that no trusted proxy has. What anybody else says of addresses is his own invention.
 * @param trusted addresses and ranges (CIDR) of proxies
 */
export function createAddressOf(trusted: readonly string[]): AddressOf {
  if (trusted.length === 0) return ({ socket }) => socket.remoteAddress;
  const isTrusted = proxyaddr.compile([...trusted]);
  return (request) => {
    const { remoteAddress } = request.socket;
    if (remoteAddress === undefined || request.headers['x-forwarded-for'] === undefined) return remoteAddress;
    const told = proxyaddr(request, isTrusted);
    return isIP(told) === 0 ? remoteAddress : told;
  };
}
