import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** Words that would tell what the platform is made of, or where. */
const telling = /node_modules|\.ts:\d+|\bat .+ \(|express|node\.js|sqlite|\/src\/|x-powered-by/i;

test.each([
  ['GET', '/api/v1/nothing-here'],
  ['GET', '/api/v1/mcps/none'],
  ['POST', '/api/v1/mcps'],
  ['DELETE', '/api/v1/mcps'],
  ['GET', '/%E0%A4%A'],
  ['GET', '/health'],
  ['GET', '/api/v1/events?after=x'],
])('SEC25: %s %s answers without traces, versions or the names of what it is made of', async (method, path) => {
  const raw = method === 'POST' ? '{"name": ' : undefined;
  const reply = await app.request(method, path, {
    ...(raw !== undefined && { raw, headers: { 'Content-Type': 'application/json' } }),
  });
  expect(reply.text).not.toMatch(telling);
  const headers = Object.fromEntries(reply.headers);
  expect(JSON.stringify(headers)).not.toMatch(telling);
  expect(headers).not.toHaveProperty('server');
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': expect.stringMatching(/max-age=\d+/) as string,
    'content-security-policy': expect.stringContaining("default-src 'none'") as string,
  });
});

test('SEC25: what is no HTTP at all is answered in as few words', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(app.port, '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).not.toMatch(telling);
});
