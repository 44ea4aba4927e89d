import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ env: { ANNALS_METRICS_TOKEN: 'a token for whoever scrapes' } });
});

afterAll(() => app.close());

/** Sends bytes as they are, and answers what comes back until the server has answered or closed. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: app.port, host: '127.0.0.1' });
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
    socket.write(text);
  });
}

describe('correlation', () => {
  test('a sane id is taken, returned, and stands in every event and problem', async () => {
    const headers = { 'X-Correlation-Id': 'order-4711/x' };
    const reply = await app.request('POST', '/api/v1/auth/register', {
      token: null,
      headers,
      body: { username: 'corr', email: 'corr@example.org', password: 'password of corr' },
    });
    expect(reply.headers.get('x-correlation-id')).toBe('order-4711/x');
    const wait = { 'X-Wait-For-Position': reply.headers.get('x-event-position') ?? '' };
    const { body } = await app.request('GET', '/api/v1/events?correlationId=order-4711/x', { headers: wait });
    const { items } = body as { items: { type: string }[] };
    expect(items.map(({ type }) => type)).toContain('UserRegistered');
    expect((await app.request('GET', '/nothing', { headers })).body).toMatchObject({ correlationId: 'order-4711/x' });
  });

  test.each(['', 'x'.repeat(129), 'with space', 'ümlaut'])('an odd id is replaced: %s', async (odd) => {
    const reply = await raw(`GET /health HTTP/1.1\r\nHost: localhost\r\nX-Correlation-Id: ${odd}\r\n\r\n`);
    expect(reply).toMatch(/^HTTP\/1\.1 200/);
    expect(/X-Correlation-Id: (.*)\r/.exec(reply)?.[1]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a trace goes on, and one that is broken begins anew', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const given = await app.request('GET', '/health', { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } });
    expect(given.headers.get('traceparent')).toMatch(new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`));
    const broken = await app.request('GET', '/health', { headers: { traceparent: `00-${'0'.repeat(32)}-0-1` } });
    expect(broken.headers.get('traceparent')).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/);
  });
});

test('every answer has helmet’s headers and tells nothing of what made it', async () => {
  for (const [path, token] of [
    ['/health', null],
    ['/api/v1/mcps', undefined],
    ['/nothing', null],
    ['/api/docs', null],
  ] as const) {
    const { headers } = await app.request('GET', path, token === undefined ? {} : { token });
    expect(headers.get('x-powered-by'), path).toBeNull();
    expect(headers.get('server'), path).toBeNull();
    expect(headers.get('set-cookie'), path).toBeNull();
    expect(headers.get('access-control-allow-origin'), path).toBeNull();
    expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    expect(headers.get('x-frame-options'), path).toBe('SAMEORIGIN');
    expect(headers.get('referrer-policy'), path).toBe('no-referrer');
    expect(headers.get('content-security-policy'), path).toMatch(/default-src 'none'/);
    expect(headers.get('strict-transport-security'), path).toMatch(/max-age=\d+/);
  }
});

describe('the Host', () => {
  const get = (host: string) => raw(`GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

  test.each(['localhost', 'LOCALHOST:8000', '127.0.0.1:9', '[::1]:8000'])('%s is ours', async (host) => {
    expect(await get(host)).toMatch(/^HTTP\/1\.1 200/);
  });

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', ''])(
    '%s is refused',
    async (host) => {
      expect(await get(host)).toMatch(/^HTTP\/1\.1 403/);
    },
  );
});

test('HEAD answers as GET does, without the body, on streams too', async () => {
  const get = await app.request('GET', '/api/openapi.json', { token: null });
  const head = await app.request('HEAD', '/api/openapi.json', { token: null });
  expect([head.status, head.text]).toEqual([200, '']);
  expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  expect(await app.request('HEAD', '/api/v1/events/stream')).toMatchObject({ status: 200, text: '' });
});

describe('health', () => {
  test.each(['/health', '/health/live', '/health/ready'])('%s tells its state and nothing more', async (path) => {
    const reply = await app.request('GET', path, { token: null });
    expect([reply.status, reply.text]).toEqual([200, '{"status":"ok"}']);
  });

  test('details need a principal', async () => {
    expect((await app.request('GET', '/api/v1/system', { token: null })).status).toBe(401);
    expect((await app.request('GET', '/api/v1/system')).body).toMatchObject({
      engines: { eventStore: { engine: 'SQLite', status: 'ok', embedded: true } },
      roles: ['api', 'relay', 'projector', 'worker', 'scheduler'],
    });
  });
});

describe('metrics', () => {
  const metrics = (headers = {}, token: string | null = null) => app.request('GET', '/metrics', { token, headers });

  test('are open on this machine, and count requests by route', async () => {
    await app.request('GET', '/api/v1/mcps/01936f2a-7c11-7000-8000-0000000000ff');
    const reply = await metrics();
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(reply.text).toMatch(
      /annals_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/mcps\/\{id\}",status="404"\} 1/,
    );
    expect(reply.text).toContain('process_resident_memory_bytes');
    expect(reply.text).toContain('annals_feed_readers 0');
  });

  test('need a token from elsewhere', async () => {
    const proxied = { 'X-Forwarded-For': '203.0.113.7' };
    expect((await metrics(proxied)).status).toBe(401);
    expect((await metrics({ ...proxied, Authorization: 'Bearer a wrong one' })).status).toBe(401);
    expect((await metrics({ ...proxied, Authorization: 'Bearer a token for whoever scrapes' })).status).toBe(200);
    expect((await metrics(proxied, app.adminToken)).status).toBe(200);
    expect((await metrics(proxied, (await app.newUser()).token)).status).toBe(403);
  });

  test('have no label that a caller can make up', async () => {
    for (let n = 0; n < 5; n++) await app.request('GET', `/made-up-${n}`);
    expect((await metrics()).text).not.toContain('made-up');
  });
});
