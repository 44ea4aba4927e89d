import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { ask, type Mcp } from '../integration/support/api.ts';

let app: TestApp;
let inside: Server;
let asked: string[];
let port: number;

beforeAll(async () => {
  asked = [];
  inside = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/redirect') response.writeHead(302, { Location: `http://127.0.0.1:${port}/secret` }).end();
    else response.writeHead(500, { 'Content-Type': 'text/plain' }).end('the secret of the inside');
  });
  await new Promise<void>((resolve) => void inside.listen(0, '127.0.0.1', resolve));
  port = (inside.address() as AddressInfo).port;
  // Listening on a public address, the platform reaches public addresses only.
  app = await startTestApp({
    env: {
      ANNALS_HOST: '0.0.0.0',
      ANNALS_JWT_SECRET: 'kZ3vN8qR5tY1wX7uB4mC9pL2sD6fG0hJ',
      ANNALS_MASTER_KEY: 'Qw8eR2tY6uI0oP4aS1dF5gH9jK3lZ7xC',
      ANNALS_ADMIN_PASSWORD: 'an administrator of tests only',
    },
    http: { allowedHosts: null },
    adminPassword: 'an administrator of tests only',
  });
});
afterAll(async () => {
  await app.close();
  await new Promise((resolve) => void inside.close(resolve));
});

const register = (name: string, transport: object) =>
  ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name, transport } });

describe('SEC6: an address inside is refused in every spelling, and not asked', () => {
  const hosts = () => [
    '127.0.0.1',
    'localhost',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '0.0.0.0',
    '0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::127.0.0.1]',
    '127.0.0.1.',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '169.254.169.254.',
    '2852039166',
    '[fd00::1]',
    '[fe80::1]',
    '[fd00:ec2::254]',
  ];
  test.each(hosts())('%s', async (host) => {
    const name = `attack-${hosts().indexOf(host)}`;
    const mcp = await register(name, { type: 'streamable-http', url: `http://${host}:${port}/secret` });
    expect(mcp.discovery).toMatchObject({ status: 'failed', error: { code: 'upstream_refused' } });
    expect(mcp.discovery.error?.message).toContain('ANNALS_EGRESS_ALLOW');
    expect(mcp.discovery.error?.message).not.toContain('the secret of the inside');
    expect(asked).toEqual([]);
  });

  test.each(['sse', 'streamable-http'])('by %s, also when tried anew', async (type) => {
    const mcp = await register(`again-${type}`, { type, url: `http://127.0.0.1:${port}/secret` });
    await app.request('POST', `/api/v1/mcps/${mcp.id}/discover`);
    expect(asked).toEqual([]);
  });

  test.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'unix:///var/run/docker.sock',
    'http://user:pass@example.com/',
  ])('nor are other schemes, nor credentials in a URL: %s', async (url) => {
    const body = { name: 'scheme', transport: { type: 'streamable-http', url } };
    expect((await app.request('POST', '/api/v1/mcps', { body })).status).toBe(422);
  });
});

describe('SEC6: where operators allow the address', () => {
  let allowed: TestApp;
  beforeAll(async () => {
    allowed = await startTestApp({ env: { ANNALS_EGRESS_ALLOW: '127.0.0.1' } });
  });
  afterAll(() => allowed.close());

  test('redirects are not followed, and bodies are not echoed', async () => {
    asked.length = 0;
    for (const path of ['/redirect', '/secret']) {
      const body = {
        name: `path${path.slice(1)}`,
        transport: { type: 'streamable-http', url: `http://127.0.0.1:${port}${path}` },
      };
      const mcp = await ask<Mcp>(allowed, 201, 'POST', '/api/v1/mcps', { body });
      expect(mcp.discovery.status).toBe('failed');
      expect(JSON.stringify(mcp)).not.toContain('the secret of the inside');
      if (path === '/redirect') expect(new Set(asked)).toEqual(new Set(['/redirect']));
    }
    expect(asked).toContain('/secret');
  });
});
