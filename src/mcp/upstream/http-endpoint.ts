import { request as requestHttp, validateHeaderName, validateHeaderValue } from 'node:http';
import type { Agent as HttpAgent, ClientRequest, RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Agent as HttpsAgent } from 'node:https';
import type { EgressRequest } from '../../ports/egress.ts';
import { UpstreamError } from '../../ports/upstream.ts';

export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Headers as Node takes them fastest: name, value, name, value. */
export type FlatHeaders = readonly string[];

/** One URL that is asked often: what can be worked out once is. */
export interface HttpEndpoint {
  readonly origin: string;
  /** What every request has to say first. */
  readonly headers: FlatHeaders;
  request(method: 'GET' | 'POST' | 'DELETE', headers: FlatHeaders): ClientRequest;
  /** A GET whose answer stays open. */
  listen(headers: FlatHeaders): ClientRequest;
}

/** Headers that belong to HTTP or to the protocol; a registered header may not speak for them. */
const RESERVED = new Set(
  'accept accept-encoding connection content-length content-type expect host keep-alive last-event-id mcp-method mcp-name mcp-protocol-version mcp-session-id proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/** @throws UpstreamError `upstream_refused` the URL is not one that may be asked */
export function createHttpEndpoint(url: string | URL, agents: Agents): HttpEndpoint {
  const { protocol, hostname, port, host, pathname, search, origin, username, password } = parse(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new UpstreamError('upstream_refused', `only http and https URLs are reached, not ${protocol}`);
  }
  if (username !== '' || password !== '') {
    throw new UpstreamError('upstream_refused', 'a URL may not carry credentials: put them into a header');
  }
  const send = protocol === 'https:' ? requestHttps : requestHttp;
  const options = {
    agent: protocol === 'https:' ? agents.https : agents.http,
    protocol,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port === '' ? {} : { port: Number(port) }),
    path: pathname + search,
    setDefaultHeaders: false,
  } satisfies RequestOptions;
  const listening = { ...options, method: 'GET', pool: 'listening' } satisfies RequestOptions & EgressRequest;
  return {
    origin,
    headers: ['host', host],
    request: (method, headers) => send({ ...options, method, headers }),
    listen: (headers) => send({ ...listening, headers }),
  };
}

/** Registered headers in flat form. @throws UpstreamError `upstream_refused` naming the header that cannot be sent */
export function flatHeaders(headers: Readonly<Record<string, string>>): FlatHeaders {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (RESERVED.has(name.toLowerCase())) {
      throw new UpstreamError('upstream_refused', `the header ${JSON.stringify(name)} may not be set`);
    }
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      throw new UpstreamError('upstream_refused', `the header ${JSON.stringify(name)} cannot be sent`, {
        cause: error,
      });
    }
    return [name, value];
  });
}

function parse(url: string | URL): URL {
  try {
    return new URL(url);
  } catch (error) {
    throw new UpstreamError('upstream_refused', 'the URL cannot be read', { cause: error });
  }
}
