import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../http/support/until.ts';
import { ask, type Execution } from '../integration/support/api.ts';
import { stdio } from '../integration/support/mcp-servers.ts';
import { startServer, type ServerProcess } from '../integration/support/server-process.ts';
import { startCommand } from './support/annals.ts';
import { fresh, type Fresh } from './support/fresh.ts';

let place: Fresh;
let server: ServerProcess;

beforeAll(async () => {
  place = fresh();
  server = await startServer({ dataDir: place.dataDir, compileCache: place.compileCache });
}, 60_000);
afterAll(async () => {
  await server.stop();
  place.remove();
});

function jsonOf<Value>(text: string): Value {
  return JSON.parse(text) as Value;
}

function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [jsonOf<Record<string, unknown>>(line)]));
}

/** What a desktop client keeps, with servers of every kind that one meets there. */
const desktopFile = () => ({
  mcpServers: {
    everything: stdio.everything,
    files: { ...stdio.filesystem(place.dir), autoApprove: ['read_file'], timeout: 60 },
    'switched off': { command: 'node', args: ['server.js'], disabled: true },
    remote: { type: 'http', url: 'http://127.0.0.1:9/mcp' },
    strange: { note: 'neither of the two' },
    'not a url': { url: 'somewhere' },
  },
});

describe('annals import', () => {
  test('registers what a file names, waits for the tools, and says what became of each', async () => {
    const file = join(place.dir, 'desktop.json');
    writeFileSync(file, JSON.stringify(desktopFile()));
    const { code, out, error } = await place.run(['import', file]);

    const rows = new Map(out.split('\n').map((line) => [line.split(/ {2,}/)[0], line] as const));
    expect(out).toMatch(/^SERVER +STATUS +TOOLS +NOTE$/m);
    expect(rows.get('everything')).toMatch(/^everything +registered +1\d$/);
    expect(rows.get('files')).toMatch(/^files +registered +1\d$/);
    expect(rows.get('switched off')).toMatch(/^switched off +skipped +is disabled in the file$/);
    expect(rows.get('remote')).toMatch(/^remote +registered +the handshake failed: .*ECONNREFUSED/);
    expect(rows.get('strange')).toMatch(/^strange +skipped +has neither "command" nor "url"$/);
    expect(rows.get('not a url')).toMatch(/^not a url +failed +.*\/transport\/url: /);
    expect(code).toBe(1);
    expect(error).toBe('annals: not every server could be registered\n');
  });

  test('leaves what is there as it is', async () => {
    const document = JSON.stringify({ mcpServers: { everything: stdio.everything } });
    const { code, out } = await place.spawn(['import', '-', '--json'], { input: document });
    expect(code).toBe(0);
    expect(jsonOf(out)).toMatchObject({ items: [{ source: 'everything', status: 'exists' }] });
  });

  test('takes a server.json of the registry', async () => {
    const file = join(place.dir, 'server.json');
    const document = {
      name: 'io.example/weather',
      description: 'Weather',
      version: '1.0.0',
      remotes: [{ type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' }],
    };
    writeFileSync(file, JSON.stringify(document));
    const { code, out } = await place.run(['import', file, '--json']);
    expect(code).toBe(0);
    const { items } = jsonOf<{ items: Record<string, unknown>[] }>(out);
    expect(items).toMatchObject([
      {
        source: 'io.example/weather',
        name: 'io.example-weather',
        status: 'registered',
        discovery: { status: 'failed' },
      },
    ]);
    expect(await ask(server, 200, 'GET', `/api/v1/mcps/${String(items[0]?.['id'])}`)).toMatchObject({
      description: 'Weather',
      transport: { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' },
    });
  });

  test.each([
    ['a file that is not there', undefined, /^annals: cannot read .*nothing\.json/],
    ['what is not JSON', '{"mcpServers":', /^annals: .*nothing\.json is not JSON/],
    ['what is neither of the two formats', '{"servers": 5}', /unknown_import_format/],
  ])('refuses %s', async (_, content, words) => {
    const file = join(place.dir, 'nothing.json');
    if (content !== undefined) writeFileSync(file, content);
    const { code, out, error } = await place.run(['import', file]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(words);
    expect(error).not.toContain('    at ');
  });
});

describe('annals call', () => {
  test('prints what the tool answers', async () => {
    const args = ['call', 'everything', 'get-sum', '--arg', 'a=2', '--arg', 'b=40'];
    expect(await place.spawn(args)).toEqual({ code: 0, out: 'The sum of 2 and 40 is 42.\n', error: '' });
  });

  test('takes arguments as JSON, and prints other content as JSON', async () => {
    const given = JSON.stringify({ resourceType: 'Text', resourceId: 2 });
    const { code, out } = await place.run(['call', 'everything', 'get-resource-reference', '--json', given]);
    expect(code).toBe(0);
    expect(jsonOf(out.split('\n')[1] ?? '')).toMatchObject({
      type: 'resource',
      resource: { uri: expect.any(String) as string },
    });
  });

  test('prints the whole execution for machines', async () => {
    const { code, out } = await place.run(['call', 'everything', 'echo', '--arg', 'message=a=b 你好', '--json']);
    expect(code).toBe(0);
    const execution = jsonOf<Execution>(out);
    expect(execution).toMatchObject({
      status: 'succeeded',
      arguments: { message: 'a=b 你好' },
      requestedBy: 'system:cli',
    });
    // Another reader sees it a moment later.
    const path = `/api/v1/executions/${execution.id}`;
    const isRead = async () => ((await server.request('GET', path)).body as Execution).status === 'succeeded';
    await until(isRead, 'the read model has it', 30_000);
    expect(await ask(server, 200, 'GET', path)).toEqual(execution);
  });

  test('fails when the tool does, after what it said', async () => {
    const file = join(place.dir, 'not-there.txt');
    const { code, out, error } = await place.run(['call', 'files', 'read_text_file', '--arg', `path=${file}`]);
    expect(code).toBe(1);
    expect(out).toContain('ENOENT');
    expect(error).toMatch(/^annals: the call has failed: .*ENOENT/);
  });

  test('names the arguments that do not fit', async () => {
    const { code, out, error } = await place.run(['call', 'everything', 'get-sum', '--arg', 'a=two']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toContain('(invalid_arguments)');
    expect(error).toContain('/arguments/a: must be number');
    expect(error).toContain('/arguments/b: is required');
  });

  test('gives a problem to machines as it is', async () => {
    const { code, out } = await place.run(['call', 'nobody', 'echo', '--json']);
    expect(code).toBe(1);
    expect(jsonOf(out)).toMatchObject({ status: 404, code: 'mcp_not_found' });
  });

  test('gives up when told', async () => {
    const args = ['call', 'everything', 'trigger-long-running-operation', '--arg', 'duration=60', '--timeout', '200'];
    const { code, error } = await place.run(args);
    expect(code).toBe(1);
    expect(error).toContain('(execution_timed_out)');
  });
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
    expect(out.match(/"status": "succeeded"/g)?.length).toBe(8);
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

test('commands reach a server elsewhere by address and token, with the rights of the token', async () => {
  const env = {
    ANNALS_DATA_DIR: join(place.dir, 'not used'),
    ANNALS_URL: server.url,
    ANNALS_TOKEN: server.adminToken,
  };
  const { code, out } = await place.run(['call', 'everything', 'echo', '--arg', 'message=from afar', '--json'], env);
  expect(code).toBe(0);
  expect(jsonOf<{ requestedBy: string }>(out).requestedBy).toMatch(/^user:/);
  expect(existsSync(env.ANNALS_DATA_DIR)).toBe(false);

  const refused = await place.run(['projections', 'list'], { ...env, ANNALS_TOKEN: 'no.such.token' });
  expect(refused.code).toBe(1);
  expect(refused.error).toContain('(invalid_token)');
});

async function exitOf(child: ReturnType<typeof startCommand>['child']): Promise<number | null> {
  await until(() => child.exitCode !== null || child.signalCode !== null, 'the command ends');
  return child.exitCode;
}
