import type { IncomingMessage } from 'node:http';

/** What a proxy, or anybody, may say of where a request was sent and from where. */
const forwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto'];

/**
 * The library makes addresses, and the cookies that go with them, of what a request says. Ours is a setting, whatever a
 * client or a proxy calls it: the request is made to say that.
 * @param origin by which clients reach this server
 */
export function asReached<Request extends Pick<IncomingMessage, 'headers'>>(request: Request, origin: string): Request {
  const { host, protocol } = new URL(origin);
  for (const name of forwarded) Reflect.deleteProperty(request.headers, name);
  // Where the setting is https, TLS has ended before us.
  Object.assign(request.headers, { host, 'x-forwarded-proto': protocol.slice(0, -1) });
  return request;
}
