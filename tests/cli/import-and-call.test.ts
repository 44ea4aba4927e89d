import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../http/support/until.ts';
import { ask, type Execution } from '../integration/support/api.ts';
import { stdio } from '../integration/support/mcp-servers.ts';
import { startServer, type ServerProcess } from '../integration/support/server-process.ts';
import { fresh, type Fresh } from './support/fresh.ts';
import { jsonOf } from './support/json.ts';

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
