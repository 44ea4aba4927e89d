import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projections } from '../../src/projections/all.ts';
import { until } from '../http/support/until.ts';
import { ask } from '../integration/support/api.ts';
import { startServer, type ServerProcess } from '../integration/support/server-process.ts';
import { startFastServer, type FastServer } from '../fixtures/fast-http-server.ts';
import { startCommand } from './support/annals.ts';
import { fresh, type Fresh } from './support/fresh.ts';
import { jsonLines, jsonOf } from './support/json.ts';

let fast: FastServer;
let place: Fresh;
let server: ServerProcess;

beforeAll(async () => {
  place = fresh();
  server = await startServer({ dataDir: place.dataDir, compileCache: place.compileCache });
  fast = await startFastServer();
  const file = join(place.dir, 'servers.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { fast: { url: fast.url } } }));
  expect(await place.run(['import', file])).toMatchObject({ code: 0 });
  for (const message of ['one', 'two', 'three']) {
    expect(await place.run(['call', 'fast', 'echo', '--arg', `message=${message}`])).toMatchObject({ code: 0 });
  }
}, 60_000);
afterAll(async () => {
  await server.stop();
  await fast.close();
  place.remove();
});

describe('annals projections', () => {
  test('lists every read model', async () => {
    const { code, out, error } = await place.run(['projections', 'list']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/^NAME +STORE +VERSION +POSITION +LAG +STATUS +DEAD LETTERS$/m);
    expect(out).toMatch(/^executions +relational +1 +\d+ +\d+ +live +0$/m);
    const { items } = jsonOf<{ items: { name: string }[] }>((await place.run(['projections', 'list', '--json'])).out);
    expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(['mcps', 'executions', 'audit', 'users']));
  });

  test('rebuilds one, shows the progress, and goes back', async () => {
    const rebuilt = await place.run(['projections', 'rebuild', 'executions', '--follow']);
    expect(rebuilt).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^executions is live at version 2, \d+ events$/m) as string,
    });
    expect(rebuilt.error).toMatch(/^executions +\[#{20}\] 100 % {2}[\d,]+ events\/s/m);
    const back = await place.run(['projections', 'rollback', 'executions']);
    expect(back).toEqual({ code: 0, out: 'executions is at version 1 again\n', error: '' });
  });

  test('rebuilds all of them, for machines', async () => {
    const { code, out } = await place.run(['projections', 'rebuild', 'all', '--follow', '--json']);
    expect(code).toBe(0);
    // One answer after the other.
    expect(out.match(/"status": "succeeded"/g)?.length).toBe(projections.length);
  });

  test('begins one without waiting', async () => {
    const { code, out } = await place.run(['projections', 'rebuild', 'mcps', '--json']);
    expect(code).toBe(0);
    const { id } = jsonOf<{ id: string }>(out);
    const status = async () =>
      (await ask<{ status: string }>(server, 200, 'GET', `/api/v1/projections/mcps/rebuilds/${id}`)).status;
    await until(async () => (await status()) === 'succeeded', 'the rebuild is done', 60_000);
  });

  test.each([
    [['rebuild', 'nonsense'], 'projection_not_found'],
    [['rollback', 'nonsense'], 'projection_not_found'],
  ])('%j is refused', async (args, problem) => {
    const { code, error } = await place.run(['projections', ...args]);
    expect(code).toBe(1);
    expect(error).toContain(problem);
  });
});

describe('annals events', () => {
  test('exports the log, whole and in part', async () => {
    const all = jsonLines((await place.run(['events', 'export'])).out);
    expect(all.map(({ position }) => position)).toEqual(all.map((_, index) => index + 1));
    expect(JSON.stringify(all)).not.toMatch(/\$argon2/);

    const some = jsonLines(
      (await place.run(['events', 'export', '--type', 'McpRegistered', '--actor', 'system:cli'])).out,
    );
    const wanted = all.filter(({ type }) => type === 'McpRegistered');
    expect(some).toEqual(wanted);
    const late = jsonLines((await place.run(['events', 'export', '--after', String(all.length - 2)])).out);
    expect(late.slice(0, 2)).toEqual(all.slice(-2));
  });

  test('ends quietly when its reader has seen enough', async () => {
    const { child, result } = startCommand(['events', 'export'], {
      dataDir: place.dataDir,
      compileCache: place.compileCache,
    });
    child.stdout.destroy();
    const { code, error } = await result.catch(async () => ({ code: await exitOf(child), error: '' }));
    expect({ code, error }).toEqual({ code: 0, error: '' });
  });

  test('tails the log until it is interrupted', { timeout: 60_000 }, async () => {
    const options = { dataDir: place.dataDir, compileCache: place.compileCache };
    const { child, result } = startCommand(['events', 'tail', '--after', '0', '--category', 'mcp'], options);
    let seen = '';
    child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    await until(() => seen.includes('ToolsDiscovered'), 'the past is shown', 30_000);
    const transport = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' };
    await ask(server, 201, 'POST', '/api/v1/mcps', { body: { name: 'while tailing', transport } });
    await until(() => seen.includes('by user:'), 'what happens is shown', 30_000);
    child.kill('SIGINT');
    expect(await result).toMatchObject({ code: 0, error: '' });
    expect(seen).toMatch(/^ +\d+ {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}McpRegistered +mcp-\S+ {2}by user:\S+$/m);
  });
});

describe('annals audit export', () => {
  test('writes JSON lines and CSV, to a file too', async () => {
    const lines = jsonLines((await place.run(['audit', 'export'])).out);
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.find(({ action }) => action === 'McpRegistered')).toMatchObject({
      actor: 'system:cli',
      outcome: 'succeeded',
    });

    const file = join(place.dir, 'audit.csv');
    const written = await place.run(['audit', 'export', '--format', 'csv', '--actor', 'system:cli', '--output', file]);
    expect(written).toEqual({ code: 0, out: '', error: '' });
    const [header, ...rows] = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/);
    expect(header).toMatch(/^position,at,actor,action,/);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.every((row) => row.includes(',system:cli,'))).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const later = await place.run(['audit', 'export', '--from', '2999-01-01T00:00:00Z']);
    expect(later).toEqual({ code: 0, out: '', error: '' });
  });

  test('refuses a time that is none', async () => {
    const { code, error } = await place.run(['audit', 'export', '--from', 'yesterday']);
    expect(code).toBe(1);
    expect(error).toContain('/from');
  });

  test('says which file it cannot write', async () => {
    mkdirSync(join(place.dir, 'a-directory'));
    const { code, error } = await place.run(['audit', 'export', '--output', join(place.dir, 'a-directory')]);
    expect(code).toBe(1);
    expect(error).toMatch(/^annals: .*a-directory/);
    expect(error).not.toContain('    at ');
  });
});

describe('annals admin reset-password', () => {
  const logIn = (username: string, password: string) =>
    server.request('POST', '/api/v1/auth/login', { token: null, body: { username, password } });

  test('gives a new password and ends every session of the user', async () => {
    const body = { username: 'ada', email: 'ada@example.org', password: 'forgotten by now' };
    const { id } = await ask<{ id: string }>(server, 201, 'POST', '/api/v1/auth/register', { token: null, body });
    const old = (await logIn('ada', body.password)).body as { accessToken: string; refreshToken: string };

    const { code, out, error } = await place.run(['admin', 'reset-password', 'Ada']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const password = /^The new password of Ada: (\S{20,})$/m.exec(out)?.[1] ?? '';
    expect((await logIn('ada', body.password)).status).toBe(401);
    expect((await logIn('ada', password)).status).toBe(200);
    expect((await server.request('GET', '/api/v1/auth/me', { token: old.accessToken })).status).toBe(401);
    const refresh = { token: null, body: { refreshToken: old.refreshToken } };
    expect((await server.request('POST', '/api/v1/auth/refresh', refresh)).status).toBe(401);
    const trail = `/api/v1/audit?action=PasswordChanged&resource=user-${id}`;
    const entries = async () => (await ask<{ items: { actor: string }[] }>(server, 200, 'GET', trail)).items;
    await until(async () => (await entries()).length > 0, 'the trail has it', 30_000);
    expect(await entries()).toMatchObject([{ actor: 'system:cli' }]);

    const byId = await place.run(['admin', 'reset-password', id, '--json']);
    const answered = jsonOf<{ id: string; password: string }>(byId.out);
    expect(answered.id).toBe(id);
    expect((await logIn('ada', answered.password)).status).toBe(200);
  });

  test('knows no user of another name', async () => {
    const { code, error } = await place.run(['admin', 'reset-password', 'nobody']);
    expect({ code, error }).toEqual({ code: 1, error: 'annals: there is no user nobody\n' });
  });

  test('is not for those who may not manage users', async () => {
    const { id, accessToken } = await operator();
    const reset = { token: accessToken, body: { password: 'a new password' } };
    const reply = await server.request('POST', `/api/v1/users/${id}/password`, reset);
    expect(reply).toMatchObject({ status: 403 });
  });

  async function operator() {
    const body = { username: 'otto', email: 'otto@example.org', password: 'the password of otto' };
    const { id } = await ask<{ id: string }>(server, 201, 'POST', '/api/v1/auth/register', { token: null, body });
    await ask(server, 200, 'PUT', `/api/v1/users/${id}/roles`, { body: { roles: ['operator'] } });
    return { id, accessToken: ((await logIn('otto', body.password)).body as { accessToken: string }).accessToken };
  }
});

async function exitOf(child: ReturnType<typeof startCommand>['child']): Promise<number | null> {
  await until(() => child.exitCode !== null || child.signalCode !== null, 'the command ends');
  return child.exitCode;
}
