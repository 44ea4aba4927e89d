import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEgressPolicy } from '../../src/infrastructure/egress/egress-policy.ts';
import { createGuardedFetch } from '../../src/infrastructure/egress/guarded-fetch.ts';
import { EgressRefused } from '../../src/ports/egress.ts';

let server: Server;
let url: string;
let requests: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (request.url === '/redirect') response.writeHead(302, { Location: '/elsewhere' }).end();
    else if (request.url === '/large') response.end('x'.repeat(5000));
    else if (request.url === '/silent') response.flushHeaders();
    else request.pipe(response.writeHead(200, { 'Content-Type': 'text/plain', 'X-Seen': 'yes' }));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const guarded = (allowLoopback: boolean) => {
  const egress = createEgressPolicy({ allow: [], allowLoopback });
  return createGuardedFetch(egress, { maxBytes: 1000, timeoutMs: 2000 });
};

describe('what fetches what others publish', () => {
  test('sends and answers as fetch does', async () => {
    const answer = await guarded(true)(`${url}/echo`, { method: 'POST', body: new URLSearchParams({ a: 'ä' }) });
    expect([answer.status, answer.headers.get('x-seen'), await answer.text()]).toEqual([200, 'yes', 'a=%C3%A4']);
  });

  test('reaches nothing that the guard refuses, by name or by number', async () => {
    requests = [];
    const { port } = new URL(url);
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '0x7f.1']) {
      await expect(guarded(false)(`http://${host}:${port}/`), host).rejects.toThrow(EgressRefused);
    }
    expect(requests).toEqual([]);
  });

  test('follows no redirect, takes no more than its limit, and does not wait for ever', async () => {
    requests = [];
    expect((await guarded(true)(`${url}/redirect`)).status).toBe(302);
    expect(requests).toEqual(['GET /redirect']);
    await expect(guarded(true)(`${url}/large`)).rejects.toThrow('larger than 1000 bytes');
    await expect(guarded(true)(`${url}/silent`)).rejects.toThrow(/abort|timeout/i);
    await expect(guarded(true)('file:///etc/passwd')).rejects.toThrow('only http and https');
  });
});
