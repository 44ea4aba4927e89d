import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { ask, type Mcp } from '../integration/support/api.ts';
import { startPackageRegistry, type Files, type PackageRegistry } from './support/package-registry.ts';

let directory: string;
let registry: PackageRegistry;
const running: TestApp[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'annals-packages-'));
  registry = await startPackageRegistry();
  newCache();
});
afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
  await registry.close();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

/** Nothing that was fetched before counts. */
const newCache = () => vi.stubEnv('npm_config_cache', mkdtempSync(join(directory, 'cache-')));

async function start(env: Readonly<Record<string, string>> = {}): Promise<TestApp> {
  const dataDir = mkdtempSync(join(directory, 'data-'));
  const app = await startTestApp({
    env: {
      ANNALS_DATA_DIR: dataDir,
      ANNALS_STDIO_ALLOW: 'npx,npm,uvx,docker',
      ANNALS_STDIO_REGISTRIES: registry.url,
      ...env,
    },
  });
  running.push(app);
  return app;
}

/** A server that answers what it is, and leaves a line in a file when it starts. */
function serverFiles(what: string): Files {
  return {
    'server.mjs': `#!/usr/bin/env node
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
appendFileSync(${JSON.stringify(join(directory, 'started'))}, ${JSON.stringify(`${what}\n`)});
const send = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'initialize') {
    const serverInfo = { name: 'packaged', version: '1.0.0' };
    return send(id, { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo });
  }
  if (method === 'tools/list') return send(id, { tools: [{ name: 'what', inputSchema: { type: 'object' } }] });
  send(id, { content: [{ type: 'text', text: ${JSON.stringify(what)} }] });
});`,
  };
}
const started = (): readonly string[] => {
  const file = join(directory, 'started');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};

const npx = (...args: readonly string[]) => ({ type: 'stdio', command: 'npx', args: ['-y', ...args] });
const register = (app: TestApp, transport: object) =>
  ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name: 'packaged', transport } });
const call = (app: TestApp, mcpId: string) =>
  app.request('POST', '/api/v1/executions', { body: { mcpId, tool: 'what', arguments: {} } });
const eventsOf = async (app: TestApp, id: string) => {
  const path = `/api/v1/streams/mcp-${id}/events`;
  return (await ask<{ items: { type: string; data: Record<string, unknown> }[] }>(app, 200, 'GET', path)).items;
};

describe('a package that a launch names', () => {
  test('SEC26: is pinned with version and integrity before it runs, and stays what it was', async () => {
    registry.publish('packaged', '1.0.0', serverFiles('one'));
    const app = await start();
    const { id, discovery } = await register(app, npx('packaged'));
    expect(discovery).toEqual({ status: 'discovered' });
    const events = await eventsOf(app, id);
    expect(events.map(({ type }) => type)).toEqual(['McpRegistered', 'PackagesPinned', 'ToolsDiscovered']);
    const integrity = expect.stringMatching(/^sha512-/) as string;
    const packages = [{ name: 'packaged', version: '1.0.0', integrity }];
    expect(events[1]?.data).toMatchObject({ version: 1, pin: { source: 'registry', packages } });
    const version = await ask<{ packages: unknown }>(app, 200, 'GET', `/api/v1/mcps/${id}/versions/1`);
    expect(version.packages).toEqual({ source: 'registry', items: packages });

    registry.publish('packaged', '1.1.0', serverFiles('two'));
    const { version: next } = await ask<Mcp>(app, 200, 'PATCH', `/api/v1/mcps/${id}`, { body: { description: 'x' } });
    expect(next).toBe(2);
    expect((await call(app, id)).text).toContain('"text":"one"');
    const transport = npx('packaged@1.1.0');
    await ask<Mcp>(app, 200, 'PATCH', `/api/v1/mcps/${id}`, { body: { transport } });
    expect((await call(app, id)).text).toContain('"text":"two"');
    expect(started().at(-1)).toBe('two');
  });

  test('SEC26: is refused when its archive is not what its integrity says, and nothing runs', async () => {
    registry.publish('packaged', '1.0.0', serverFiles('one'));
    registry.tamper('packaged', '1.0.0', serverFiles('evil'));
    const app = await start();
    const { id, discovery } = await register(app, npx('packaged@1.0.0'));
    expect(discovery).toMatchObject({ status: 'failed', error: { code: 'upstream_refused' } });
    expect(JSON.stringify(discovery)).toContain('is not what was pinned');
    expect((await call(app, id)).status).toBe(422);
    expect(started()).toEqual([]);
  });

  test.each(['itself', 'what it needs'])(
    'SEC26: is refused when a version (of %s) was published anew, also where it has to be fetched again',
    async (which) => {
      const needs = { dependencies: { helper: '^1.0.0' } };
      registry.publish('helper', '1.0.0', serverFiles('helper'));
      registry.publish('packaged', '1.0.0', serverFiles('one'), needs);
      const app = await start();
      const { id } = await register(app, npx('packaged'));
      expect((await call(app, id)).status).toBe(200);
      const before = started().length;

      if (which === 'itself') registry.publish('packaged', '1.0.0', serverFiles('evil'), needs);
      else registry.publish('helper', '1.0.0', serverFiles('evil'));
      // As on a machine that has never run it.
      newCache();
      rmSync(join(directory, readData()), { recursive: true });
      await ask<Mcp>(app, 200, 'PATCH', `/api/v1/mcps/${id}`, { body: { description: 'connects anew' } });
      const refused = await call(app, id);
      expect(refused.status, refused.text).toBe(422);
      expect(refused.text).toContain('is not what was pinned');
      expect(started()).toHaveLength(before);
    },
  );

  test('SEC26: runs nothing while it is installed', async () => {
    const postinstall = `node -e "require('fs').appendFileSync('${join(directory, 'started')}','script')"`;
    registry.publish('packaged', '1.0.0', serverFiles('one'), { scripts: { postinstall, preinstall: postinstall } });
    const app = await start();
    await register(app, npx('packaged'));
    expect(started()).toEqual(['one']);
  });

  test('SEC26: and all it needs come from registries that are allowed, whatever settings lie about', async () => {
    const other = await startPackageRegistry();
    other.publish('packaged', '1.0.0', serverFiles('evil'));
    other.publish('helper', '1.0.0', serverFiles('evil'));
    registry.publish('packaged', '1.0.0', serverFiles('one'));
    registry.publish('needy', '1.0.0', serverFiles('needy'), {
      dependencies: { helper: `${other.url}helper/-/helper-1.0.0.tgz` },
    });
    const cwd = join(directory, 'work');
    mkdirSync(cwd);
    writeFileSync(join(cwd, '.npmrc'), `registry=${other.url}\n`);
    const app = await start();
    const { id } = await register(app, { ...npx('packaged'), cwd });
    expect((await call(app, id)).text).toContain('"text":"one"');
    const needy = { name: 'needy', transport: npx('needy') };
    const { discovery } = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: needy });
    expect(JSON.stringify(discovery)).toContain('ANNALS_STDIO_REGISTRIES');
    expect(started()).not.toContain('evil');
    expect(other.asked.filter((path) => !path.startsWith('helper'))).toEqual([]);
    await other.close();
  });

  test('SEC26: that no registry has is told so, and nothing runs', async () => {
    const app = await start();
    const { id, discovery } = await register(app, npx('packaged'));
    expect(discovery).toMatchObject({ status: 'failed', error: { code: 'upstream_refused' } });
    expect(JSON.stringify(discovery)).toContain('ANNALS_STDIO_UNPINNED');
    registry.publish('packaged', '1.0.0', serverFiles('one'));
    expect((await call(app, id)).text, 'it is looked for again').toContain('"text":"one"');
  });

  test('SEC26: that is installed beside the platform needs no registry, and has to stay as it is', async () => {
    const own = join(directory, 'project');
    const place = join(own, 'node_modules/packaged');
    mkdirSync(place, { recursive: true });
    const install = (version: string, what: string) => {
      const manifest = { name: 'packaged', version, bin: { packaged: 'server.mjs' } };
      writeFileSync(join(place, 'package.json'), JSON.stringify(manifest));
      writeFileSync(join(place, 'server.mjs'), serverFiles(what)['server.mjs'] ?? '');
    };
    install('1.0.0', 'one');
    const app = await start();
    const { id } = await register(app, { ...npx('packaged'), cwd: own });
    expect((await call(app, id)).text).toContain('"text":"one"');
    expect(registry.asked).toEqual([]);
    for (const [version, says] of [
      ['1.0.0', 'are not those that were pinned'],
      ['1.0.1', '1.0.0 was pinned, and 1.0.1 is installed'],
    ] as const) {
      install(version, 'evil');
      await ask<Mcp>(app, 200, 'PATCH', `/api/v1/mcps/${id}`, { body: { description: version + says } });
      const refused = await call(app, id);
      expect(refused.status, refused.text).toBe(422);
      expect(refused.text).toContain(says);
    }
    expect(started()).not.toContain('evil');
  });

  test.runIf(spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true']).status === 0)(
    'SEC26: needs no network where it runs, and cannot change itself (bubblewrap)',
    async () => {
      registry.publish('packaged', '1.0.0', {
        'server.mjs': (serverFiles('one')['server.mjs'] ?? '')
          .replace(
            /^appendFileSync.*$/m,
            "import { readFileSync } from 'node:fs'; let said = 'changed';\n" +
              'try { appendFileSync(import.meta.filename, "// evil"); } catch (error) { said = error.code; }',
          )
          .replace('text: "one"', 'text: said'),
      });
      const app = await start({ ANNALS_SANDBOX: 'bubblewrap' });
      const { id } = await register(app, npx('packaged'));
      expect((await call(app, id)).text).toContain('"text":"EROFS"');
    },
  );

  test('SEC26: runs by npm exec and by the name of its command too', async () => {
    registry.publish('@scope/packaged', '1.0.0', serverFiles('one'), { bin: { serve: 'server.mjs', other: 'x.mjs' } });
    const app = await start();
    const args = ['exec', '--package=@scope/packaged', '--', 'serve'];
    const { id } = await register(app, { type: 'stdio', command: 'npm', args });
    expect((await call(app, id)).text).toContain('"text":"one"');
  });
});

/** The directory of installed packages, relative to the test's. */
function readData(): string {
  const found = spawnSync('find', [directory, '-type', 'd', '-name', 'packages', '-path', '*/data-*']).stdout;
  return (
    found
      .toString()
      .trim()
      .split('\n')[0]
      ?.slice(directory.length + 1) ?? 'nowhere'
  );
}

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['uvx', ['mcp-server-git']],
  ['uvx', ['--from', 'git+https://github.com/x/y', 'serve']],
  ['uvx', ['--with', 'requests', 'mcp-server-git==1.2.3']],
  ['uvx', ['mcp-server-git@latest']],
  ['docker', ['run', '-i', '--rm', 'mcp/git']],
  ['docker', ['run', '-e', `X=y@${digest}`, '--init', 'mcp/git:1.2.3', `mcp/git@${digest}`]],
  ['docker', ['container', 'run', '--volume=/a:/b', 'mcp/git:latest']],
  ['npx', ['-y', 'https://evil.example/x.tgz']],
  ['npx', ['-y', 'alias@npm:other']],
  ['npx', ['-y', '../there']],
  ['npm', ['exec', '--registry=http://evil.example', 'packaged']],
  ['npx', ['--prefix=/tmp', 'packaged']],
])('SEC26: %s %j does not say what it runs, and is refused before anything is registered', async (command, args) => {
  const app = await start();
  const body = { name: 'loose', transport: { type: 'stdio', command, args } };
  const refused = await app.request('POST', '/api/v1/mcps', { body });
  expect(refused.status, refused.text).toBe(422);
  expect(refused.body).toMatchObject({ code: 'launch_not_allowed' });
  expect(registry.asked).toEqual([]);
});

test.each([
  ['uvx', ['mcp-server-git==1.2.3']],
  ['uvx', ['--from', 'tools[all]@1.2.3', 'serve', 'loose']],
  ['uvx', ['--from=git+https://github.com/x/y@0123456789abcdef0123456789abcdef01234567', 'serve']],
  ['docker', ['run', '-i', '--rm', '-e', 'TOKEN', '--volume', '/a:/b', `mcp/git@${digest}`, 'loose']],
])('SEC26: %s %j says what it runs', async (command, args) => {
  vi.stubEnv('PATH', '/nowhere');
  const app = await start();
  const body = { name: 'exact', transport: { type: 'stdio', command, args } };
  expect((await app.request('POST', '/api/v1/mcps', { body })).status).toBe(201);
});

test('SEC26: an operator may allow what does not say what it runs', async () => {
  vi.stubEnv('PATH', '/nowhere');
  const app = await start({ ANNALS_STDIO_UNPINNED: 'allow' });
  const body = { name: 'loose', transport: { type: 'stdio', command: 'uvx', args: ['mcp-server-git'] } };
  expect((await app.request('POST', '/api/v1/mcps', { body })).status).toBe(201);
});
