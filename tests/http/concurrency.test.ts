import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { startToolServer, type ToolServer } from './support/tool-server.ts';

let app: TestApp;
let tools: ToolServer;
let names = 0;

beforeAll(async () => {
  [app, tools] = await Promise.all([startTestApp(), startToolServer()]);
});

afterAll(async () => {
  await app.close();
  await tools.close();
});

/** A new mcp: its path, its ETag and its name. */
async function newMcp() {
  const name = `server ${++names}`;
  const transport = { type: 'streamable-http', url: tools.url };
  const reply = await app.request('POST', '/api/v1/mcps', { body: { name, transport } });
  expect(reply.status).toBe(201);
  return { name, path: reply.headers.get('location') ?? '', tag: reply.headers.get('etag') ?? '', reply };
}

const change = (path: string, description: string, headers = {}) =>
  app.request('PATCH', path, { body: { description }, headers });

describe('revisions', () => {
  test('a change that was made on the newest revision goes through, a stale one does not', async () => {
    const { path, tag } = await newMcp();
    const first = await change(path, 'one', { 'If-Match': tag });
    expect(first).toMatchObject({ status: 200, body: { description: 'one', version: 2 } });
    expect(first.headers.get('etag')).not.toBe(tag);
    expect(await change(path, 'two', { 'If-Match': tag })).toMatchObject({
      status: 412,
      body: { code: 'precondition_failed' },
    });
    expect((await change(path, 'three', { 'If-Match': '*' })).status).toBe(200);
    expect((await app.request('GET', path)).body).toMatchObject({ description: 'three', version: 3 });
  });

  test('of many who saw the same revision one wins', async () => {
    const { path, tag } = await newMcp();
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, n) => change(path, `by ${n}`, { 'If-Match': tag })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(412)]);
  });

  test('what has not changed is not sent again', async () => {
    const { path, tag } = await newMcp();
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const reply = await app.request('GET', path, { headers: { 'If-None-Match': header } });
      expect([reply.status, reply.text, reply.headers.get('etag')], header).toEqual([304, '', tag]);
    }
    expect((await app.request('GET', path, { headers: { 'If-None-Match': '"99"' } })).status).toBe(200);
  });

  test('the past has its own state', async () => {
    const { path, reply } = await newMcp();
    const born = reply.headers.get('x-event-position');
    await change(path, 'changed');
    expect((await app.request('GET', `${path}?asOf=${born}`)).body).toMatchObject({ description: '', version: 1 });
    expect((await app.request('GET', `${path}?revision=0`)).body).toMatchObject({ discovery: { status: 'pending' } });
    expect((await app.request('GET', `${path}/versions/1`)).body).toMatchObject({ description: '' });
    const list = await app.request('GET', `/api/v1/mcps?asOf=${born}&limit=1`);
    expect(list.body).toMatchObject({ items: [{ description: '' }] });
  });
});

test('a merge patch may say what it is', async () => {
  const { path } = await newMcp();
  const headers = { 'Content-Type': 'application/merge-patch+json' };
  const reply = await app.request('PATCH', path, { raw: '{"description":"patched"}', headers });
  expect(reply).toMatchObject({ status: 200, body: { description: 'patched' } });
});

describe('positions', () => {
  test('every change tells its position, and its writer reads it at once', async () => {
    for (let round = 0; round < 20; round++) {
      const { name, path, reply } = await newMcp();
      expect(Number(reply.headers.get('x-event-position'))).toBeGreaterThan(0);
      const listed = await app.request('GET', `/api/v1/mcps?name=${encodeURIComponent(name)}`);
      expect(listed.body).toMatchObject({ items: [{ name }] });
      expect((await app.request('GET', path)).status).toBe(200);
    }
  });

  test('others see a change whose position they name', async () => {
    const { token } = await app.newUser();
    for (let round = 0; round < 20; round++) {
      const { path, reply } = await newMcp();
      const position = reply.headers.get('x-event-position') ?? '';
      const read = await app.request('GET', path, { token, headers: { 'X-Wait-For-Position': position } });
      expect(read.status).toBe(200);
      expect(Number(read.headers.get('x-read-position'))).toBeGreaterThanOrEqual(Number(position));
    }
  });

  test('a position that is not there yet is waited for a while, and the answer says how far it came', async () => {
    const asked = (await app.head()) + 1_000_000;
    const reading = app.request('GET', '/api/v1/mcps', { headers: { 'X-Wait-For-Position': String(asked) } });
    // It waits: so it is answered from a state that was not there yet when it was asked.
    const { reply } = await newMcp();
    const read = await reading;
    const position = Number(read.headers.get('x-read-position'));
    expect(read.status).toBe(200);
    expect(position).toBeGreaterThanOrEqual(Number(reply.headers.get('x-event-position')));
    expect(position).toBeLessThan(asked);
  });

  test('what a model that is behind has not found may be there: the answer is to ask again', async () => {
    const path = `/api/v1/mcps/${randomUUID()}`;
    expect((await app.request('GET', path)).status).toBe(404);
    const asked = (await app.head()) + 1_000_000;
    const read = await app.request('GET', path, { headers: { 'X-Wait-For-Position': String(asked) } });
    expect(read).toMatchObject({ status: 503, body: { code: 'read_model_behind' } });
    expect(Number(read.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(read.headers.get('x-read-position'))).toBeLessThan(asked);
  });
});
