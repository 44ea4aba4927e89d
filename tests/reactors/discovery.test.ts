import { describe, expect, it } from 'vitest';
import { changeMcp, loadMcp, retireMcp } from '../../src/commands/mcps.ts';
import { newCommand, refusal } from '../commands/harness.ts';
import { until } from '../upstream/support.ts';
import { openPlatform, register } from './platform.ts';
import { echo, startScriptedServer } from './scripted-server.ts';

const add = { ...echo, name: 'add' };

describe('discovery', () => {
  it('records what a server offers on the version that was asked', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer();
    const id = await register(platform, server.transport);
    const context = newCommand();
    const found = await platform.discovery.discover(context, id);
    expect(found).toMatchObject({ version: 1, revision: 1 });
    const mcp = await loadMcp(platform.deps, id);
    expect(mcp.offer?.tools).toEqual([echo]);
    expect(mcp.offer?.server).toMatchObject({ name: 'scripted', version: '1.0.0' });
    const last = (await platform.log()).at(-1);
    expect(last).toMatchObject({ type: 'ToolsDiscovered', position: found.position });
    expect(last?.metadata).toMatchObject({ causationId: context.commandId, correlationId: context.correlationId });
  });

  it('records nothing when nothing has changed', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer({ tools: [echo, add] });
    const id = await register(platform, server.transport);
    await platform.discovery.discover(newCommand(), id);
    const head = await platform.store.head();
    server.script.tools = [add, echo];
    expect(await platform.discovery.discover(newCommand(), id)).toMatchObject({ version: 1 });
    expect(await platform.store.head()).toBe(head);
  });

  it('publishes what has changed as the next version', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer();
    const id = await register(platform, server.transport);
    await platform.discovery.discover(newCommand(), id);
    server.script.tools = [echo, add];
    expect(await platform.discovery.discover(newCommand(), id)).toMatchObject({ version: 2 });
    expect((await platform.log()).at(-1)).toMatchObject({ type: 'McpVersionPublished', data: { reason: 'discovery' } });
  });

  it('answers the same when it is asked again by the same command', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer();
    const id = await register(platform, server.transport);
    const context = newCommand();
    const found = await platform.discovery.discover(context, id);
    server.script.tools = [echo, add];
    expect(await platform.discovery.discover(context, id)).toEqual(found);
  });

  it('records that a server cannot be reached, once, and that it can be again', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer();
    const id = await register(platform, { type: 'streamable-http', url: 'http://127.0.0.1:1/mcp' });
    await platform.discovery.discover(newCommand(), id);
    expect((await platform.log()).at(-1)).toMatchObject({
      type: 'ToolDiscoveryFailed',
      data: { version: 1, code: 'upstream_unavailable' },
    });
    expect((await loadMcp(platform.deps, id)).discoveryError?.code).toBe('upstream_unavailable');
    await changeMcp(platform.deps, newCommand(), id, { transport: server.transport });
    await platform.discovery.discover(newCommand(), id);
    expect(await loadMcp(platform.deps, id)).toMatchObject({ version: 2, discoveryError: null });
  });

  it('is not done for an mcp that is retired, or that is none', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer();
    const id = await register(platform, server.transport);
    await retireMcp(platform.deps, newCommand(), id);
    await refusal(platform.discovery.discover(newCommand(), id), 'conflict', 'mcp_retired');
    await refusal(platform.discovery.discover(newCommand(), newCommand().commandId), 'not_found', 'mcp_not_found');
    expect(server.sessions()).toBe(0);
  });

  it('says nothing of a version that was replaced while its server was asked', async () => {
    const platform = await openPlatform();
    const [old, current] = [await startScriptedServer(), await startScriptedServer({ tools: [add] })];
    const id = await register(platform, old.transport);
    const asked = platform.discovery.discover(newCommand(), id);
    await changeMcp(platform.elsewhere(), newCommand(), id, { transport: current.transport });
    expect((await asked).version).toBe(2);
    expect(await loadMcp(platform.deps, id)).toMatchObject({ version: 2, offer: null });
  });
});

describe('drift', () => {
  it('is recorded when a server says that its tools have changed, and is over when they are as before', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer();
    const id = await register(platform, server.transport);
    await platform.discovery.discover(newCommand(), id);

    const recorded = async (type: string) => (await platform.store.readStream(`mcp-${id}`)).at(-1)?.type === type;
    server.script.tools = [echo, add];
    await server.announce();
    await until(() => recorded('ToolDefinitionDrifted'), 'drift is recorded');
    const drifted = (await platform.log()).at(-1);
    expect(drifted?.data).toMatchObject({ version: 1, added: ['add'], removed: [], changed: [] });
    expect(drifted?.metadata.actor).toBe('system:discovery');
    expect(await loadMcp(platform.deps, id)).toMatchObject({ version: 1, offer: { tools: [echo] } });

    server.script.tools = [echo];
    await server.announce();
    await until(() => recorded('ToolsDiscovered'), 'the end of drift is recorded');
    expect(await loadMcp(platform.deps, id)).toMatchObject({ version: 1, drift: null });
  });

  it('that cannot be looked at is logged, and stops nothing', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer();
    const id = await register(platform, server.transport);
    await platform.discovery.discover(newCommand(), id);
    const head = await platform.store.head();
    server.script.tools = new Error('I have lost my list');
    await server.announce();
    await until(() => platform.warnings.includes('looking for drift failed'), 'it is logged');
    expect(await platform.store.head()).toBe(head);
  });
});
