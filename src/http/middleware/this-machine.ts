import type { IncomingMessage } from 'node:http';

/**
 * Whether a request was made on this machine. One that a proxy passed on was not, though the proxy may run here: then
 * it carries a forwarding header.
 */
export function isFromThisMachine({ socket, headers }: IncomingMessage): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined || headers['via'] !== undefined) {
    return false;
  }
  return isLoopbackAddress(socket.remoteAddress ?? '');
}

export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}
