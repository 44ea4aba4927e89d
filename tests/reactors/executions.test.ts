import { describe, expect, it } from 'vitest';
import { changeMcp, loadMcp, retireMcp } from '../../src/commands/mcps.ts';
import type { RecordedEvent } from '../../src/ports/event-store.ts';
import { OutcomeUnknown, StoreUnavailable } from '../../src/ports/unavailable.ts';
import { endInterrupted } from '../../src/reactors/executions/recover.ts';
import { newCommand, principal, refusal } from '../commands/harness.ts';
import { until } from '../upstream/support.ts';
import { openPlatform, register, type Platform } from './platform.ts';
import { echo, startScriptedServer, text, type Asked, type Script } from './scripted-server.ts';

const typesOf = (events: readonly RecordedEvent[]) => events.map(({ type }) => type);
const hello = { tool: 'echo', arguments: { message: 'hello' } };

/** A platform with one mcp, whose server is known already. */
async function openWith(script: Partial<Script> = {}, through?: Parameters<typeof openPlatform>[0]) {
  const platform = await openPlatform(through);
  const server = await startScriptedServer(script);
  const mcpId = await register(platform, server.transport);
  await platform.discovery.discover(newCommand(), mcpId);
  return { ...platform, server, mcpId };
}

/** A tool that answers when the test says so. */
function held() {
  const begun = Promise.withResolvers<Asked>();
  const answer = Promise.withResolvers<string>();
  const call = async (asked: Asked) => {
    begun.resolve(asked);
    return text(await answer.promise);
  };
  return { call, asked: begun.promise, release: (words: string) => answer.resolve(words) };
}

const executionOf = async (platform: Platform, id: string) =>
  typesOf(await platform.store.readStream(`execution-${id}`));

describe('a call', () => {
  it('is recorded from the request to the result', async () => {
    const { executions, mcpId, log } = await openWith();
    const context = newCommand();
    const events = await executions.run(context, { mcpId, ...hello });
    expect(typesOf(events)).toEqual(['ExecutionRequested', 'ExecutionStarted', 'ExecutionSucceeded']);
    expect(events).toEqual((await log()).slice(-3));
    expect(events[0]?.data).toEqual({
      mcpId,
      mcpName: 'scripted',
      mcpVersion: 1,
      tool: 'echo',
      arguments: { message: 'hello' },
      mode: 'sync',
      timeoutMs: 5000,
      requestedBy: 'user:u1',
    });
    expect(events[2]?.data).toMatchObject({ result: { inline: text('hello') } });
    expect(events[2]?.metadata).toMatchObject({ causationId: context.commandId, correlationId: context.correlationId });
  });

  it('asks the server what it offers when nobody has yet', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer();
    const mcpId = await register(platform, server.transport);
    const events = await platform.executions.run(newCommand(), { mcpId, ...hello });
    expect(typesOf(events).at(-1)).toBe('ExecutionSucceeded');
    expect(await loadMcp(platform.deps, mcpId)).toMatchObject({ version: 1, offer: { tools: [echo] } });
  });

  it('of an older version goes to the server of that version', async () => {
    const { executions, deps, server, mcpId } = await openWith();
    const other = await startScriptedServer();
    await changeMcp(deps, newCommand(), mcpId, { transport: other.transport });
    await executions.run(newCommand(), { mcpId, ...hello, version: 1 });
    await executions.run(newCommand(), { mcpId, ...hello });
    expect([server.calls.length, other.calls.length]).toEqual([1, 1]);
  });

  it('that cannot be made is refused before anything is recorded', async () => {
    const { executions, deps, store, mcpId } = await openWith();
    const head = await store.head();
    const run = (more: object) => executions.run(newCommand(), { mcpId, ...hello, ...more });
    await refusal(run({ mcpId: newCommand().commandId }), 'not_found', 'mcp_not_found');
    await refusal(run({ version: 2 }), 'not_found', 'version_not_found');
    const { faults } = await refusal(run({ tool: 'nothing' }), 'not_found', 'tool_not_found');
    expect(faults.map(({ pointer }) => pointer)).toEqual(['/tool']);
    expect(await store.head()).toBe(head);
    await retireMcp(deps, newCommand(), mcpId);
    await refusal(run({}), 'conflict', 'mcp_retired');
  });

  it('with arguments that do not fit is kept, and never reaches the server', async () => {
    const { executions, server, mcpId } = await openWith();
    const events = await executions.run(newCommand(), { mcpId, tool: 'echo', arguments: { message: 7 } });
    expect(typesOf(events)).toEqual(['ExecutionRequested', 'ExecutionFailed']);
    expect(events[1]?.data).toMatchObject({
      error: { code: 'invalid_arguments', faults: [{ pointer: '/arguments/message' }] },
      durationMs: 0,
    });
    expect(server.calls).toEqual([]);
  });

  it('of a server that cannot be reached is kept as failed', async () => {
    const platform = await openPlatform();
    const mcpId = await register(platform, { type: 'streamable-http', url: 'http://127.0.0.1:1/mcp' });
    const events = await platform.executions.run(newCommand(), { mcpId, ...hello });
    expect(typesOf(events)).toEqual(['ExecutionRequested', 'ExecutionFailed']);
    expect(events[1]?.data).toMatchObject({ error: { code: 'upstream_unavailable' } });
  });

  it('whose tool answers an error has failed, and keeps what it answered', async () => {
    const { executions, mcpId } = await openWith({ call: () => ({ ...text('no such city'), isError: true }) });
    const events = await executions.run(newCommand(), { mcpId, ...hello });
    expect(events.at(-1)).toMatchObject({
      type: 'ExecutionFailed',
      data: {
        error: { code: 'tool_error', message: 'no such city' },
        result: { inline: { ...text('no such city'), isError: true } },
      },
    });
  });

  const sum = {
    ...echo,
    name: 'sum',
    outputSchema: { type: 'object' as const, properties: { sum: { type: 'number' } } },
  };
  it.each([
    ['nothing structured', text('3'), 'ExecutionFailed'],
    ['something else', { ...text('3'), structuredContent: { sum: 'three' } }, 'ExecutionFailed'],
    ['what was promised', { ...text('3'), structuredContent: { sum: 3 } }, 'ExecutionSucceeded'],
  ])('of a tool with an output schema that answers %s comes to what it should', async (_what, result, type) => {
    const { executions, mcpId } = await openWith({ tools: [sum], call: () => result });
    const last = (await executions.run(newCommand(), { mcpId, ...hello, tool: 'sum' })).at(-1);
    expect(last?.type).toBe(type);
    if (type === 'ExecutionFailed') expect(last?.data).toMatchObject({ error: { code: 'invalid_output' } });
    expect(last?.data).toMatchObject({ result: { inline: result } });
  });

  it('with a large result keeps it beside the log, by its hash', async () => {
    const large = 'ä'.repeat(40_000);
    const { executions, blobs, mcpId } = await openWith({ call: () => text(large) });
    const last = (await executions.run(newCommand(), { mcpId, ...hello })).at(-1);
    const { result } = last?.data as { result: { blob: { sha256: string; size: number; mediaType: string } } };
    const bytes = Buffer.from((await blobs.get(result.blob.sha256)) ?? '');
    expect(JSON.parse(bytes.toString())).toEqual(text(large));
    expect(result.blob).toMatchObject({ size: bytes.length, mediaType: 'application/json' });
    expect(JSON.stringify(last).length).toBeLessThan(2000);
  });

  it('that is not answered in time has timed out, and the server is told', async () => {
    const { call, asked } = held();
    const { executions, mcpId } = await openWith({ call });
    const events = await executions.run(newCommand(), { mcpId, ...hello, timeoutMs: 400 });
    expect(events.at(-1)).toMatchObject({ type: 'ExecutionTimedOut', data: { timeoutMs: 400 } });
    const { signal } = await asked;
    await until(() => signal.aborted, 'the server was told');
  });

  it('tells its progress to who listens', async () => {
    const finish = Promise.withResolvers<undefined>();
    const { executions, mcpId, server } = await openWith({
      async call({ progress }) {
        await finish.promise;
        await progress(1, 2);
        return text('done');
      },
    });
    const context = newCommand();
    const told: unknown[] = [];
    const run = executions.run(context, { mcpId, ...hello });
    await until(() => server.calls.length === 1, 'the tool is called');
    const stop = executions.onProgress(context.commandId, (progress) => void told.push(progress));
    finish.resolve(undefined);
    await run;
    stop();
    expect(told).toEqual([{ progress: 1, total: 2 }]);
  });
});

describe('a call that comes again by the same command', () => {
  it('is answered with what it came to, and the tool is not called again', async () => {
    const { executions, restarted, server, mcpId } = await openWith();
    const context = newCommand();
    const first = await executions.run(context, { mcpId, ...hello });
    for (const again of [executions, restarted().executions]) {
      expect(await again.run(context, { mcpId, ...hello })).toEqual(first);
    }
    expect(server.calls).toHaveLength(1);
  });

  it('while it runs calls the tool once, and both are answered alike', async () => {
    const { call, asked, release } = held();
    const { executions, server, mcpId } = await openWith({ call });
    const context = newCommand();
    const first = executions.run(context, { mcpId, ...hello });
    await asked;
    const second = executions.run(context, { mcpId, ...hello });
    release('once');
    expect(typesOf(await second).at(-1)).toBe('ExecutionSucceeded');
    expect(await second).toEqual(await first);
    expect(server.calls).toHaveLength(1);
  });

  it('twice at the same moment calls the tool once', async () => {
    const { executions, server, mcpId } = await openWith();
    const context = newCommand();
    const runs = await Promise.all([1, 2].map(() => executions.run(context, { mcpId, ...hello })));
    expect(runs[0]).toEqual(runs[1]);
    expect(server.calls).toHaveLength(1);
  });

  it('after it was refused stays refused, though the arguments would fit now', async () => {
    const { executions, server, mcpId, discovery } = await openWith({
      tools: [{ ...echo, inputSchema: { type: 'object', properties: { message: { type: 'number' } } } }],
    });
    const context = newCommand();
    const first = await executions.run(context, { mcpId, ...hello });
    server.script.tools = [echo];
    await discovery.discover(newCommand(), mcpId);
    expect(await executions.run(context, { mcpId, ...hello })).toEqual(first);
    expect(server.calls).toEqual([]);
  });
});

describe('a call that is cancelled', () => {
  it('ends at once, by who cancelled it, and the server is told', async () => {
    const { call, asked, release } = held();
    const platform = await openWith({ call });
    const { executions, mcpId } = platform;
    const context = newCommand();
    const run = executions.run(context, { mcpId, ...hello });
    const { signal } = await asked;
    const somebody = { ...principal('admin'), actor: 'user:u9' };
    const cancelled = await executions.cancel(newCommand({ principal: somebody }), context.commandId);
    expect(cancelled.at(-1)).toMatchObject({ type: 'ExecutionCancelled', data: { cancelledBy: 'user:u9' } });
    expect(await run).toEqual(cancelled);
    await until(() => signal.aborted, 'the server was told');
    release('too late');
    expect(await executionOf(platform, context.commandId)).toHaveLength(3);
  });

  it('may be cancelled again, and not once it has ended otherwise', async () => {
    const { call, asked } = held();
    const { executions, server, mcpId } = await openWith({ call });
    const context = newCommand();
    const run = executions.run(context, { mcpId, ...hello });
    await asked;
    const once = await executions.cancel(newCommand(), context.commandId);
    expect(await executions.cancel(newCommand(), context.commandId)).toEqual(once);
    await run;

    server.script.call = () => text('done');
    const done = newCommand();
    await executions.run(done, { mcpId, ...hello });
    await refusal(executions.cancel(newCommand(), done.commandId), 'conflict', 'execution_finished');
    await refusal(executions.cancel(newCommand(), newCommand().commandId), 'not_found', 'execution_not_found');
  });

  it('tells how long it ran', async () => {
    const { call, asked } = held();
    const { executions, mcpId } = await openWith({ call });
    const context = newCommand();
    const run = executions.run(context, { mcpId, ...hello });
    await asked;
    const before = Date.now();
    await until(() => Date.now() > before + 20, 'some time has gone by');
    const [, , end] = await executions.cancel(newCommand(), context.commandId);
    expect((end?.data as { durationMs: number }).durationMs).toBeGreaterThanOrEqual(20);
    await run;
  });
});

describe('a call whose end cannot be recorded', () => {
  it('is recorded when the store is back, and the tool is not called again', async () => {
    let away = false;
    const platform = await openWith({}, (store) => ({
      ...store,
      append: (...args) => (away ? Promise.reject(new StoreUnavailable('the disk is full')) : store.append(...args)),
    }));
    const { executions, server, mcpId } = platform;
    server.script.call = () => {
      away = true;
      return text('done');
    };
    const context = newCommand();
    await expect(executions.run(context, { mcpId, ...hello })).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await executionOf(platform, context.commandId)).toEqual(['ExecutionRequested', 'ExecutionStarted']);
    away = false;
    // Sent again, it has no answer before it has its end.
    const answers: (string | undefined)[] = [];
    const again = async () => {
      try {
        answers.push((await executions.run(context, { mcpId, ...hello })).at(-1)?.type);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
      return answers.length > 0;
    };
    await until(again, 'the end is recorded');
    expect(answers).toEqual(['ExecutionSucceeded']);
    expect((await executionOf(platform, context.commandId)).at(-1)).toBe('ExecutionSucceeded');
    expect(server.calls).toHaveLength(1);
  });

  it('because of a mistake in the platform has failed, and does not run for ever', async () => {
    const platform = await openWith();
    const { executions, upstreams, mcpId } = platform;
    // Stands in for a defect: nothing that the port allows.
    upstreams.callTool = () => Promise.reject(new TypeError('undefined is not a function'));
    const context = newCommand();
    await expect(executions.run(context, { mcpId, ...hello })).rejects.toThrow(TypeError);
    expect((await platform.log()).at(-1)).toMatchObject({
      type: 'ExecutionFailed',
      data: { error: { code: 'internal_error' } },
    });
  });
});

describe('a call whose beginning nobody knows the outcome of', () => {
  /** A log that goes away once, when a call begins, and then tells whether it has the beginning. */
  async function openForgetful(keeps: boolean) {
    let state: 'there' | 'going' | 'away' = 'there';
    let asked = 0;
    const wasRecorded = async () => {
      asked++;
      if (state === 'away') throw new StoreUnavailable('it is away still');
      return keeps;
    };
    const platform = await openWith({}, (store) => ({
      ...store,
      async append(...args) {
        if (state === 'going') {
          state = 'away';
          if (keeps) await store.append(...args);
        }
        if (state === 'away') throw new OutcomeUnknown(new StoreUnavailable('it is away'), wasRecorded);
        return store.append(...args);
      },
    }));
    const context = newCommand();
    const run = () => platform.executions.run(context, { mcpId: platform.mcpId, ...hello });
    state = 'going';
    await expect(run()).rejects.toBeInstanceOf(StoreUnavailable);
    await until(() => asked > 0, 'the log is asked');
    return { platform, id: context.commandId, run, comesBack: () => (state = 'there'), asked: () => asked };
  }

  it('has an end when the log has its beginning and nobody sends it again, and the tool is not called', async () => {
    const { platform, id, comesBack } = await openForgetful(true);
    comesBack();
    await until(async () => (await executionOf(platform, id)).length === 3, 'the end is recorded', 20_000);
    expect((await platform.store.readStream(`execution-${id}`)).at(-1)).toMatchObject({
      type: 'ExecutionFailed',
      data: { error: { code: 'execution_interrupted' } },
    });
    expect(platform.server.calls).toEqual([]);
  });

  it('goes on when it is sent again, and the tool is called once', async () => {
    const { platform, id, comesBack, run } = await openForgetful(true);
    await expect(run()).rejects.toBeInstanceOf(StoreUnavailable);
    comesBack();
    const types = ['ExecutionRequested', 'ExecutionStarted', 'ExecutionSucceeded'];
    expect(typesOf(await run())).toEqual(types);
    expect(typesOf(await run())).toEqual(types);
    expect(await executionOf(platform, id)).toEqual(types);
    expect(platform.server.calls).toHaveLength(1);
  });

  it('is not run when it was ended meanwhile', async () => {
    const { platform, id, comesBack, run } = await openForgetful(true);
    comesBack();
    await endInterrupted(platform.deps, [id]);
    expect(typesOf(await run()).at(-1)).toBe('ExecutionFailed');
    expect(platform.server.calls).toEqual([]);
  });

  it('is run when it is sent again and the log has it not, and is left alone', async () => {
    const { platform, id, comesBack, run, asked } = await openForgetful(false);
    const { call, asked: called, release } = held();
    platform.server.script.call = call;
    const before = asked();
    comesBack();
    const again = run();
    await called;
    await until(() => asked() > before, 'the log has said that it has no beginning');
    release('done');
    expect((await again).at(-1)?.type).toBe('ExecutionSucceeded');
    expect(await executionOf(platform, id)).toEqual(['ExecutionRequested', 'ExecutionStarted', 'ExecutionSucceeded']);
  });
});

describe('stopping', () => {
  it('lets running calls end, and takes no more', async () => {
    const { call, asked, release } = held();
    const { executions, mcpId } = await openWith({ call });
    const run = executions.run(newCommand(), { mcpId, ...hello });
    await asked;
    const drained = executions.drain(10_000);
    await expect(executions.run(newCommand(), { mcpId, ...hello })).rejects.toBeInstanceOf(StoreUnavailable);
    release('done');
    await drained;
    expect(typesOf(await run).at(-1)).toBe('ExecutionSucceeded');
  });

  it('cancels what has not ended in time', async () => {
    const { call, asked } = held();
    const { executions, mcpId } = await openWith({ call });
    const run = executions.run(newCommand(), { mcpId, ...hello });
    await asked;
    await executions.drain(20);
    expect((await run).at(-1)).toMatchObject({
      type: 'ExecutionCancelled',
      data: { cancelledBy: 'system:shutdown' },
    });
  });

  it('starts no call that was still being prepared', async () => {
    const platform = await openPlatform();
    const server = await startScriptedServer();
    const mcpId = await register(platform, server.transport);
    const run = platform.executions.run(newCommand(), { mcpId, ...hello });
    const refused = expect(run).rejects.toBeInstanceOf(StoreUnavailable);
    await platform.executions.drain(10_000);
    await refused;
    expect(server.calls).toEqual([]);
    expect((await platform.told()).filter((told) => told.startsWith('execution'))).toEqual([]);
  });
});

describe('calls that a process left running', () => {
  it('are ended as interrupted by the next', async () => {
    const { call, asked, release } = held();
    const platform = await openWith({ call });
    const context = newCommand();
    const run = platform.executions.run(context, { mcpId: platform.mcpId, ...hello });
    await asked;
    expect(await endInterrupted(platform.restarted().deps, [context.commandId])).toBe(1);
    expect((await platform.log()).at(-1)).toMatchObject({
      type: 'ExecutionFailed',
      data: { error: { code: 'execution_interrupted' } },
      metadata: { actor: 'system:recovery' },
    });
    release('too late');
    expect(typesOf(await run)).toEqual(['ExecutionRequested', 'ExecutionStarted', 'ExecutionFailed']);
  });

  it('keep the end that they have', async () => {
    const platform = await openWith();
    const context = newCommand();
    const events = await platform.executions.run(context, { mcpId: platform.mcpId, ...hello });
    await endInterrupted(platform.restarted().deps, [context.commandId]);
    expect(await platform.store.readStream(`execution-${context.commandId}`)).toEqual(events);
  });

  it('and is still being cancelled by its own process, have the one end that was first', async () => {
    const { call, asked } = held();
    const platform = await openWith({ call });
    const context = newCommand();
    const run = platform.executions.run(context, { mcpId: platform.mcpId, ...hello });
    await asked;
    await endInterrupted(platform.restarted().deps, [context.commandId]);
    await platform.executions.drain(0);
    expect(typesOf(await run)).toEqual(['ExecutionRequested', 'ExecutionStarted', 'ExecutionFailed']);
  });
});
