import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Egress, GuardedFetch } from '../../ports/egress.ts';

const defaults = { maxBytes: 1024 * 1024, timeoutMs: 10_000 };

/** Statuses that have no body (Fetch standard). */
const bodiless: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/**
 * `fetch` on Node's own requests, because the guard looks at the address that they connect to.
 * @param limits bytes of an answer's body; milliseconds until the whole of it is there
 */
export function createGuardedFetch(egress: Egress, limits: Partial<typeof defaults> = {}): GuardedFetch {
  const { maxBytes, timeoutMs } = { ...defaults, ...limits };
  return async (input, init) => {
    const asked = new Request(input, { ...init, redirect: 'manual' });
    const url = new URL(asked.url);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError('only http and https are fetched');
    const body = Buffer.from(await asked.arrayBuffer());
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    for (const [name, value] of asked.headers) if (value !== '') headers[name] = value;
    if (body.length > 0) headers['content-length'] = String(body.length);
    const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(timeoutMs)]);
    const secure = url.protocol === 'https:';

    return new Promise((resolve, reject) => {
      const options = { method: asked.method, headers, agent: secure ? egress.https : egress.http, signal };
      const sent = (secure ? httpsRequest : httpRequest)(url, options, (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) answer.destroy(new Error(`the answer is larger than ${maxBytes} bytes`));
          else chunks.push(chunk);
        });
        answer.on('error', reject);
        answer.on('end', () => {
          const status = answer.statusCode ?? 0;
          const fields = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
            values.map((value): [string, string] => [name, value]),
          );
          if (status < 200 || status > 599) return reject(new Error(`the answer has the status ${status}`));
          resolve(new Response(bodiless.has(status) ? null : Buffer.concat(chunks), { status, headers: fields }));
        });
      });
      sent.on('error', reject);
      sent.end(body.length > 0 ? body : undefined);
    });
  };
}
