import helmet from 'helmet';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

export type Headers = Readonly<Record<string, string>>;
export type ContentPolicy = Readonly<Record<string, readonly string[]>>;

/** An API answer is data: a browser that is led to show it may load and run nothing. */
const policyOfData: ContentPolicy = {
  defaultSrc: ["'none'"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
};

/**
 * The headers that helmet sets. They are the same for every answer, so they are asked for once, at start, and not by a
 * middleware that sets thirteen headers on each request.
 */
export function securityHeaders(policy: ContentPolicy = policyOfData): Headers {
  const directives = Object.fromEntries(Object.entries(policy).map(([name, sources]) => [name, [...sources]]));
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet({ contentSecurityPolicy: { useDefaults: false, directives } })(request, response, (error?: unknown) => {
    if (error instanceof Error) throw error;
  });
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}
