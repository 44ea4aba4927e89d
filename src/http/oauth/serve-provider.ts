import { IncomingMessage } from 'node:http';
import type { WrittenAnswer } from '../answer.ts';
import type { RequestContext } from '../route/request-context.ts';
import { serving } from './adapter.ts';
import { asReached } from './as-reached.ts';
import { oauthPath } from './resources.ts';
import type { OAuthServer } from './server.ts';

/** How a request is to look to the authorization server, where it differs from what came. */
interface Instead {
  /** Below the place where the server is mounted. */
  readonly path?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Pages of every origin may ask this. */
  readonly crossOrigin?: true;
}

/** Lets the authorization server answer a request. It sees the path below the place where it is mounted. */
export function serveByProvider(
  server: OAuthServer,
  context: RequestContext,
  { path, body, crossOrigin }: Instead = {},
): WrittenAnswer {
  const request = body === undefined ? context.request : withBody(context.request, JSON.stringify(body));
  const provider = server.provider();
  const { origin } = server.addresses();
  const handle = provider.callback();
  return {
    kind: 'written',
    status: 200,
    write: async (response) => {
      const { pathname, search } = new URL(context.request.url, 'http://annals.invalid');
      request.url = (path ?? pathname.slice(oauthPath.length)) + search;
      Object.assign(request, { originalUrl: oauthPath + request.url });
      // Which pages may ask is told by the route: the library asks each client, and would refuse them all.
      if (crossOrigin) delete request.headers.origin;
      await serving.run(context, () => handle(asReached(request, origin), response));
    },
  };
}

/** The same request with another body. */
function withBody({ socket, method, headers }: IncomingMessage, text: string): IncomingMessage {
  const request = new IncomingMessage(socket);
  const bytes = Buffer.from(text);
  const length = String(bytes.length);
  Object.assign(request, { method, complete: true });
  request.headers = { ...headers, 'content-type': 'application/json', 'content-length': length };
  delete request.headers['transfer-encoding'];
  delete request.headers['content-encoding'];
  request.push(bytes);
  request.push(null);
  return request;
}
