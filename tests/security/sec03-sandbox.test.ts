import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startAnnals } from '../../src/app/start.ts';
import { loadConfig } from '../../src/config.ts';
import { createPinoLogger } from '../../src/infrastructure/logging/pino-logger.ts';
import { createConfine } from '../../src/mcp/confine/confine.ts';
import { startTestApp, type TestApp } from '../http/support/app.ts';
import { ask, type Execution, type Mcp } from '../integration/support/api.ts';

const program = join(import.meta.dirname, '../fixtures/hostile/server.mjs');
const works = (command: string, args: readonly string[]) => spawnSync(command, [...args]).status === 0;
const bubblewrapWorks = works('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true']);

interface Hostile {
  /** What the tool answered: its text, and whether it failed. */
  readonly attack: (tool: string, args: object) => Promise<{ readonly text: string; readonly failed: boolean }>;
  readonly app: TestApp;
}

let listener: Server;
let outside: string;
let secretFile: string;
beforeAll(async () => {
  outside = mkdtempSync(join(tmpdir(), 'annals-outside-'));
  secretFile = join(outside, 'keys');
  writeFileSync(secretFile, 'the key of the house');
  listener = createServer((socket) => void socket.end());
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  rmSync(outside, { recursive: true });
  await new Promise((resolve) => void listener.close(resolve));
});

const running: TestApp[] = [];
afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

async function startHostile(env: Readonly<Record<string, string>>): Promise<Hostile> {
  const app = await startTestApp({ env: { ...env, ANNALS_SANDBOX_READ: dirname(program) } });
  running.push(app);
  const body = { name: 'hostile', transport: { type: 'stdio', command: 'node', args: [program] } };
  const { id: mcpId } = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body });
  return {
    app,
    async attack(tool, args) {
      const call = { mcpId, tool, arguments: args };
      const { result, status } = await ask<Execution>(app, 200, 'POST', '/api/v1/executions', { body: call });
      return { text: result?.content[0]?.text ?? '', failed: status === 'failed' };
    },
  };
}

const portOf = () => (listener.address() as AddressInfo).port;

test('SEC3: without a sandbox the attacks succeed, so that the tests below fail for the reason they name', async () => {
  const { attack } = await startHostile({ ANNALS_STDIO_MEMORY_BYTES: '0' });
  expect(await attack('read', { path: secretFile })).toEqual({ text: 'the key of the house', failed: false });
  expect(await attack('connect', { host: '127.0.0.1', port: portOf() })).toEqual({ text: 'connected', failed: false });
  expect(await attack('allocate', { bytes: 2 ** 29 })).toEqual({ text: 'had it all', failed: false });
  const home = (await attack('environment', {})).text.split(' ');
  expect(home).toEqual(expect.arrayContaining(['HOME', 'PATH']));
  expect(home.filter((name) => name.startsWith('ANNALS'))).toEqual([]);
});

test.runIf(works('prlimit', ['--version']))(
  'SEC3: a program has the memory and the open files that it may have, also without a sandbox',
  async () => {
    const { attack } = await startHostile({
      ANNALS_STDIO_MEMORY_BYTES: String(2 ** 30),
      ANNALS_STDIO_OPEN_FILES: '128',
    });
    expect((await attack('allocate', { bytes: 2 ** 31 })).text).toMatch(/^ended: /);
    expect(await attack('open', { files: 500 })).toEqual({ text: 'EMFILE', failed: true });
    expect((await attack('environment', {})).failed).toBe(false);
  },
);

test('SEC3: each server has a home of its own, which other users of the machine do not see', async () => {
  const { attack, app } = await startHostile({});
  const home = (await attack('home', {})).text;
  const transport = { type: 'stdio', command: 'node', args: [program] };
  const other = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name: 'other', transport } });
  const call = { mcpId: other.id, tool: 'home', arguments: {} };
  const { result } = await ask<Execution>(app, 200, 'POST', '/api/v1/executions', { body: call });
  expect(result?.content[0]?.text).toMatch(new RegExp(`/servers/${other.id}$`));
  expect(home).not.toBe(result?.content[0]?.text);
  expect((await attack('directory', {})).text, 'and works there').toBe(home);
  expect(statSync(home).mode & 0o777).toBe(0o700);
});

describe.runIf(bubblewrapWorks)('SEC3: a server in a sandbox (bubblewrap)', () => {
  const sandboxed = { ANNALS_SANDBOX: 'bubblewrap' };

  test('reads neither the platform’s data nor anything else that it was not shown', async () => {
    const { attack } = await startHostile(sandboxed);
    for (const path of [secretFile, '/etc/passwd', '/etc/shadow', join(import.meta.dirname, '../../package.json')]) {
      expect(await attack('read', { path })).toEqual({ text: 'ENOENT', failed: true });
    }
    const processes = (await attack('list', { path: '/proc' })).text.split(' ').filter((name) => /^\d+$/.test(name));
    expect(processes.length).toBeLessThan(5);
    expect((await attack('environment', {})).text).not.toContain('ANNALS');
  });

  test('writes in its own home and in /tmp only, which others do not see', async () => {
    const { attack } = await startHostile(sandboxed);
    for (const path of [program, '/usr/bin/x', '/x', join(dirname(program), 'x')]) {
      expect((await attack('write', { path })).failed, path).toBe(true);
    }
    expect(await attack('write', { path: '/tmp/annals-sandboxed' })).toEqual({ text: 'written', failed: false });
    expect(() => readFileSync('/tmp/annals-sandboxed')).toThrow('ENOENT');
    expect(await attack('write', { path: 'kept' })).toEqual({ text: 'written', failed: false });
  });

  test('reaches neither databases on this machine nor the metadata address', async () => {
    const { attack } = await startHostile(sandboxed);
    expect((await attack('connect', { host: '127.0.0.1', port: portOf() })).failed).toBe(true);
    expect((await attack('connect', { host: '169.254.169.254', port: 80 })).failed).toBe(true);
  });

  test('reaches the network when operators allow it', async () => {
    const { attack } = await startHostile({ ...sandboxed, ANNALS_SANDBOX_NETWORK: 'on' });
    expect(await attack('connect', { host: '127.0.0.1', port: portOf() })).toEqual({
      text: 'connected',
      failed: false,
    });
  });

  test('has no more memory than it may have', async () => {
    const { attack } = await startHostile({ ...sandboxed, ANNALS_STDIO_MEMORY_BYTES: String(2 ** 30) });
    expect((await attack('allocate', { bytes: 2 ** 31 })).text).toMatch(/^ended: /);
  });

  test('cannot have a working directory that it is not shown', async () => {
    const { app } = await startHostile(sandboxed);
    const transport = { type: 'stdio', command: 'node', args: [program], cwd: outside };
    const mcp = await ask<Mcp>(app, 201, 'POST', '/api/v1/mcps', { body: { name: 'elsewhere', transport } });
    expect(mcp.discovery).toMatchObject({ status: 'failed', error: { code: 'upstream_refused' } });
    expect(mcp.discovery.error?.message).toContain('ANNALS_SANDBOX_READ');
  });

  test('cannot fork without end', () => {
    const home = mkdtempSync(join(tmpdir(), 'annals-home-'));
    chmodSync(home, 0o777);
    const confine = createConfine({
      sandbox: { kind: 'bubblewrap', program: 'bwrap', network: false, readable: [] },
      limits: { processes: 20 },
      prlimit: 'prlimit',
    });
    const env = { PATH: '/usr/bin:/bin' };
    // Root may have as many processes as it likes, so the sandbox is made by somebody else.
    const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    const start = (children: number) => {
      const script = `n=0; while [ $n -lt ${children} ]; do sleep 5 & n=$((n+1)); done; echo started $n; kill $(jobs -p)`;
      const { command, args } = confine({ command: 'sh', args: ['-c', script], env, cwd: undefined }, home);
      const [first = '', ...rest] = [...asNobody, command, ...args];
      return spawnSync(first, rest, { env, encoding: 'utf8', timeout: 20_000 });
    };
    expect(start(10).stdout).toContain('started 10');
    const { stdout, stderr } = start(60);
    rmSync(home, { recursive: true });
    expect(stdout).not.toContain('started');
    expect(stderr).toMatch(/fork|Resource temporarily unavailable/i);
  });
});

test.skipIf(bubblewrapWorks)('skipped: no bubblewrap (bwrap makes no sandbox here)', () => undefined);

describe('SEC3: a sandbox that is configured and missing refuses the start, and names the setting', () => {
  const start = (env: Readonly<Record<string, string>>) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'annals-refused-'));
    const config = loadConfig({ ANNALS_DATA_DIR: dataDir, PORT: '0', ...env });
    const path = process.env['PATH'];
    process.env['PATH'] = '/nonexistent';
    return startAnnals(config, { logger: createPinoLogger({ level: 'silent', format: 'json' }) }).finally(() => {
      process.env['PATH'] = path;
      rmSync(dataDir, { recursive: true });
    });
  };
  test.each([
    [{ ANNALS_SANDBOX: 'bubblewrap' }, /ANNALS_SANDBOX is bubblewrap, and there is no bwrap in PATH/],
    [{ ANNALS_SANDBOX: 'container' }, /ANNALS_SANDBOX is container: set ANNALS_SANDBOX_IMAGE/],
    [
      { ANNALS_SANDBOX: 'container', ANNALS_SANDBOX_IMAGE: 'node:24-slim' },
      /ANNALS_SANDBOX is container, and there is neither/,
    ],
  ])('%j', async (env, message) => {
    await expect(start(env)).rejects.toThrow(message);
  });
});
