import { v7 as uuidv7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import {
  endExecution,
  loadExecution,
  refuseExecution,
  runExecution,
  type ExecutionOutcome,
} from '../../src/commands/executions.ts';
import type { ExecutionRequest } from '../../src/domain/execution/events.ts';
import { newCommand, openCommandSide, refusal, type CommandSide } from './harness.ts';

const request: ExecutionRequest = {
  mcpId: uuidv7(),
  mcpName: 'weather',
  mcpVersion: 1,
  tool: 'forecast',
  arguments: {},
  mode: 'sync',
  timeoutMs: 1000,
  requestedBy: 'user:u1',
};
const error = { code: 'invalid_arguments', message: 'no' };
const succeeded: ExecutionOutcome = { type: 'SucceedExecution', result: { inline: { content: [] } }, durationMs: 5 };
const failed: ExecutionOutcome = { type: 'FailExecution', error, durationMs: 5 };
const cancelled: ExecutionOutcome = { type: 'CancelExecution', cancelledBy: 'user:u2', durationMs: 5 };

async function running(side: CommandSide): Promise<string> {
  const context = newCommand();
  await runExecution(side.deps, context, request);
  return context.commandId;
}

describe('an execution', () => {
  it('begins in one append, under the id of its command', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    const { state, events } = await runExecution(side.deps, context, request);
    expect(state).toMatchObject({ status: 'running', attempts: 1 });
    expect(events.map(({ stream, type }) => `${stream} ${type}`)).toEqual([
      `execution-${context.commandId} ExecutionRequested`,
      `execution-${context.commandId} ExecutionStarted`,
    ]);
    expect(events[0]?.metadata.schemaVersion).toBe('2');
    expect(await loadExecution(side.elsewhere(), context.commandId)).toEqual(state);
  });

  it('that is asked for again by the same command is known to have begun', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    const first = await runExecution(side.deps, context, request);
    await endExecution(side.deps, newCommand(), context.commandId, succeeded);
    for (const deps of [side.deps, side.elsewhere()]) {
      const again = await runExecution(deps, context, request);
      expect(again).toEqual({ ...first, events: [], replayed: true });
    }
    expect(await side.log()).toHaveLength(3);
  });

  it('that was refused is not begun by the same command, even when it could begin now', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    await refuseExecution(side.deps, context, request, error);
    const again = await runExecution(side.elsewhere(), context, request);
    expect(again).toMatchObject({ state: { status: 'failed' }, events: [], replayed: true });
    expect(await side.told()).toEqual(['execution: ExecutionRequested', 'execution: ExecutionFailed']);
  });

  it('has one end, whoever tells of one', async () => {
    const side = await openCommandSide();
    const id = await running(side);
    const ends = await Promise.all(
      [succeeded, failed, cancelled].map((end) =>
        endExecution(side.elsewhere(), newCommand(), id, end).catch((reason: unknown) => reason),
      ),
    );
    expect(ends.filter((end) => end instanceof Error).length).toBeLessThanOrEqual(1);
    expect(await side.log()).toHaveLength(3);
  });

  it('ends the same when the same end is told twice', async () => {
    const side = await openCommandSide();
    const id = await running(side);
    const first = await endExecution(side.deps, newCommand(), id, succeeded);
    const again = await endExecution(side.elsewhere(), newCommand(), id, succeeded);
    expect(again).toEqual({ ...first, events: [], replayed: true });
  });

  it('tells what caused its end', async () => {
    const side = await openCommandSide();
    const id = await running(side);
    const context = newCommand();
    const { events } = await endExecution(side.deps, context, id, succeeded);
    expect(events[0]?.metadata).toMatchObject({
      causationId: context.commandId,
      correlationId: context.correlationId,
    });
    expect(events[0]?.metadata.commandId).not.toBe(context.commandId);
  });

  it('cannot be cancelled after its end, nor when there is none', async () => {
    const side = await openCommandSide();
    const id = await running(side);
    await endExecution(side.deps, newCommand(), id, succeeded);
    await refusal(endExecution(side.deps, newCommand(), id, cancelled), 'conflict', 'execution_finished');
    await refusal(endExecution(side.deps, newCommand(), uuidv7(), cancelled), 'not_found', 'execution_not_found');
  });

  it('that nobody asked for is none', async () => {
    const side = await openCommandSide();
    expect(await loadExecution(side.deps, uuidv7())).toEqual({ status: 'none' });
  });
});
