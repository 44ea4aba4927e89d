import { describe, expect, it } from 'vitest';
import {
  changeMcp,
  detectDrift,
  loadMcp,
  publishDiscoveredTools,
  registerMcp,
  reportFailedDiscovery,
  restoreMcp,
  retireMcp,
  rollBackMcp,
} from '../../src/commands/mcps.ts';
import { PreconditionFailed } from '../../src/commands/precondition-failed.ts';
import type { McpDefinition } from '../../src/domain/mcp/definition.ts';
import { definition, first, second } from '../domain/mcp-fixtures.ts';
import { newCommand, openCommandSide, principal, refusal, type CommandSide } from './harness.ts';

const named = (name: string): McpDefinition => ({ ...definition, name });
const local = (command: string): McpDefinition => ({ ...definition, transport: { type: 'stdio', command } });

async function registered(side: CommandSide, what: McpDefinition = definition): Promise<string> {
  const context = newCommand();
  await registerMcp(side.deps, context, what);
  return context.commandId;
}

describe('registering an mcp', () => {
  it('reserves its name and answers its first version, under the id of the command', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    const outcome = await registerMcp(side.deps, context, definition);
    expect(outcome).toMatchObject({
      state: { status: 'active', version: 1, definition },
      revision: 0,
      replayed: false,
    });
    expect(await side.told()).toEqual(['reservation: NameReserved', 'mcp: McpRegistered']);
    expect((await side.log())[1]?.stream).toBe(`mcp-${context.commandId}`);
    expect(await loadMcp(side.deps, context.commandId)).toEqual(outcome.state);
  });

  it('does not tell the name in the reservation', async () => {
    const side = await openCommandSide();
    await registered(side, named('Secret project'));
    const [reservation] = await side.log();
    expect(JSON.stringify(reservation).toLowerCase()).not.toContain('secret');
  });

  it('comes again with the same answer', async () => {
    const side = await openCommandSide();
    const context = newCommand();
    const outcome = await registerMcp(side.deps, context, definition);
    await changeMcp(side.deps, newCommand(), context.commandId, { description: 'Changed' });
    const again = await registerMcp(side.elsewhere(), context, definition);
    expect(again).toEqual({ ...outcome, events: [], replayed: true });
    expect(await side.log()).toHaveLength(3);
  });

  it('is refused when the name is taken, and points at it', async () => {
    const side = await openCommandSide();
    await registered(side);
    const error = await refusal(registerMcp(side.deps, newCommand(), definition), 'conflict', 'name_taken');
    expect(error.faults).toEqual([{ pointer: '/name', detail: 'is taken' }]);
    expect(await side.log()).toHaveLength(2);
  });

  it.each([
    ['in another case', 'weather', 'WEATHER'],
    ['in full-width letters', 'weather', 'ｗｅａｔｈｅｒ'],
    ['with a ligature', 'files', 'ﬁles'],
    ['with accents of their own', 'm\u00e9t\u00e9o', 'Me\u0301te\u0301o'],
  ])('is refused when the name is taken %s', async (_how, taken, asked) => {
    const side = await openCommandSide();
    await registered(side, named(taken));
    await refusal(registerMcp(side.deps, newCommand(), named(asked)), 'conflict', 'name_taken');
  });

  it('lets exactly one of many have a name that all ask for at the same moment', async () => {
    const side = await openCommandSide();
    const spellings = ['weather', 'Weather', 'WEATHER', 'ｗeather'];
    const processes = [side.deps, side.elsewhere()];
    const attempts = Array.from({ length: 20 }, (_, index) => {
      const deps = processes[index % processes.length] ?? side.deps;
      return registerMcp(deps, newCommand(), named(spellings[index % spellings.length] ?? 'weather'));
    });
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'name_taken' });
    }
    expect(await side.told()).toEqual(['reservation: NameReserved', 'mcp: McpRegistered']);
  });

  it('lets different names in side by side', async () => {
    const side = await openCommandSide();
    const attempts = Array.from({ length: 20 }, (_, index) =>
      registerMcp(side.deps, newCommand(), named(`mcp ${index}`)),
    );
    expect((await Promise.all(attempts)).map(({ revision }) => revision)).toEqual(Array(20).fill(0));
  });
});

describe('a transport that starts a program', () => {
  const developer = () => newCommand({ principal: principal('developer') });

  it('is refused without the permission, and nothing but the denial is recorded', async () => {
    const side = await openCommandSide();
    const context = developer();
    await refusal(registerMcp(side.deps, context, local('npx')), 'forbidden', 'permission_missing');
    const log = await side.log();
    expect(log.map(({ type, data }) => ({ type, data }))).toEqual([
      {
        type: 'AccessDenied',
        data: {
          action: 'mcp:register-command',
          resource: `mcp-${context.commandId}`,
          reason: 'permission mcp:register-command is missing',
          asked: { kind: 'mcp', mcp: { id: context.commandId, name: 'weather', owner: null } },
        },
      },
    ]);
    expect(log[0]?.stream).toMatch(/^denial-/);
    expect(log[0]?.metadata).toMatchObject({ actor: 'user:u1', correlationId: context.correlationId });
  });

  it('is recorded as denied once for each time it is asked for', async () => {
    const side = await openCommandSide();
    const context = developer();
    for (const deps of [side.deps, side.elsewhere()]) {
      await refusal(registerMcp(deps, context, local('npx')), 'forbidden', 'permission_missing');
    }
    await refusal(registerMcp(side.deps, developer(), local('npx')), 'forbidden', 'permission_missing');
    expect(await side.told()).toEqual(['denial: AccessDenied', 'denial: AccessDenied']);
  });

  it('is asked for the permission before it is told which programs there are', async () => {
    const side = await openCommandSide();
    await refusal(registerMcp(side.deps, developer(), local('/bin/sh')), 'forbidden', 'permission_missing');
  });

  it('is accepted with the permission', async () => {
    const side = await openCommandSide();
    const operator = newCommand({ principal: principal('operator') });
    expect((await registerMcp(side.deps, operator, local('npx'))).state.version).toBe(1);
    expect(
      (await registerMcp(side.deps, newCommand(), { ...local('/opt/tools/serve'), name: 'b' })).state.version,
    ).toBe(1);
  });

  it.each(['/bin/sh', 'NPX', 'npx ', '/usr/bin/npx', 'serve', ''])(
    'must be a program that the operator allows: %j',
    async (command) => {
      const side = await openCommandSide();
      const error = await refusal(
        registerMcp(side.deps, newCommand(), local(command)),
        'invalid',
        'command_not_allowed',
      );
      expect(error.faults).toEqual([
        { pointer: '/transport/command', detail: expect.stringContaining('ANNALS_STDIO_ALLOW') as unknown },
      ]);
      expect(error.faults[0]?.detail).toContain('npx, /opt/tools/serve');
      expect(await side.log()).toEqual([]);
    },
  );

  it('cannot come in by a change', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    const patch = { transport: { type: 'stdio', command: 'npx', url: null } };
    await refusal(changeMcp(side.deps, developer(), id, patch), 'forbidden', 'permission_missing');
    await refusal(
      changeMcp(side.deps, newCommand(), id, { transport: { ...patch.transport, command: '/bin/sh' } }),
      'invalid',
      'command_not_allowed',
    );
    expect(await side.told()).toEqual(['reservation: NameReserved', 'mcp: McpRegistered', 'denial: AccessDenied']);
    expect((await changeMcp(side.deps, newCommand(), id, patch)).state.definition.transport).toEqual({
      type: 'stdio',
      command: 'npx',
    });
  });

  it('cannot come in by changing its arguments', async () => {
    const side = await openCommandSide();
    const id = await registered(side, local('npx'));
    const patch = { transport: { args: ['-y', 'something-else'] } };
    await refusal(changeMcp(side.deps, developer(), id, patch), 'forbidden', 'permission_missing');
  });

  it('may be described otherwise without the permission', async () => {
    const side = await openCommandSide();
    const id = await registered(side, local('npx'));
    expect((await changeMcp(side.deps, developer(), id, { description: 'Other' })).state.version).toBe(2);
  });

  it('cannot come back by rolling back', async () => {
    const side = await openCommandSide();
    const id = await registered(side, local('npx'));
    await changeMcp(side.deps, newCommand(), id, { transport: { ...definition.transport, command: null } });
    await refusal(rollBackMcp(side.deps, developer(), id, 1), 'forbidden', 'permission_missing');
    const stricter = { ...side.deps, policy: { stdioAllow: ['uvx'] } };
    await refusal(rollBackMcp(stricter, newCommand(), id, 1), 'invalid', 'command_not_allowed');
    expect((await rollBackMcp(side.deps, newCommand(), id, 1)).state).toMatchObject({
      version: 3,
      definition: local('npx'),
    });
  });

  it('cannot come back by restoring', async () => {
    const side = await openCommandSide();
    const id = await registered(side, local('npx'));
    await retireMcp(side.deps, newCommand(), id);
    await refusal(restoreMcp(side.deps, developer(), id), 'forbidden', 'permission_missing');
    const stricter = { ...side.deps, policy: { stdioAllow: ['uvx'] } };
    await refusal(restoreMcp(stricter, newCommand(), id), 'invalid', 'command_not_allowed');
    expect((await restoreMcp(side.deps, newCommand(), id)).state.status).toBe('active');
  });
});

describe('changing an mcp', () => {
  it('merges the patch into the definition and makes the next version', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    const { state } = await changeMcp(side.deps, newCommand(), id, { tags: ['b'], description: null });
    expect(state).toMatchObject({ version: 2, definition: { ...definition, tags: ['b'], description: '' } });
  });

  it('records nothing when nothing differs', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    const outcome = await changeMcp(side.deps, newCommand(), id, { description: definition.description });
    expect(outcome).toMatchObject({ state: { version: 1 }, revision: 0, events: [] });
    expect(await side.log()).toHaveLength(2);
  });

  it('refuses a patch that makes no valid definition, and names each fault', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    const patch = { name: '', tags: [7], 'a/b~c': 1, transport: { url: 'ftp://example.org' } };
    const error = await refusal(changeMcp(side.deps, newCommand(), id, patch), 'invalid', 'invalid_definition');
    expect(error.faults.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(['/name', '/tags/0', '/transport/url', '']),
    );
    expect(await side.log()).toHaveLength(2);
  });

  it.each(['__proto__', 'constructor'])('takes %s for a field like any other that is not known', async (field) => {
    const side = await openCommandSide();
    const id = await registered(side);
    const patch = JSON.parse(`{ "${field}": { "version": 7 } }`) as Record<string, unknown>;
    await refusal(changeMcp(side.deps, newCommand(), id, patch), 'invalid', 'invalid_definition');
  });

  it('is refused for what was never registered', async () => {
    const side = await openCommandSide();
    const unknown = newCommand().commandId;
    await refusal(changeMcp(side.deps, newCommand(), unknown, {}), 'not_found', 'mcp_not_found');
    await refusal(changeMcp(side.deps, newCommand({ expectedRevision: 3 }), unknown, {}), 'not_found', 'mcp_not_found');
    await refusal(loadMcp(side.deps, unknown), 'not_found', 'mcp_not_found');
  });

  it('fails when the caller saw another revision, before anything else is said', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    await registered(side, named('taken'));
    await changeMcp(side.deps, newCommand(), id, { description: 'Changed' });
    const stale = () => newCommand({ expectedRevision: 0 });
    for (const patch of [{ description: 'Otherwise' }, { name: 'taken' }, { name: 'free' }]) {
      await expect(changeMcp(side.deps, stale(), id, patch)).rejects.toBeInstanceOf(PreconditionFailed);
    }
    for (const change of [retireMcp, restoreMcp]) {
      await expect(change(side.deps, stale(), id)).rejects.toBeInstanceOf(PreconditionFailed);
    }
    await expect(rollBackMcp(side.deps, stale(), id, 1)).rejects.toBeInstanceOf(PreconditionFailed);
    expect(await side.log()).toHaveLength(5);
  });

  it('by many at once makes as many versions', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    await Promise.all([1, 2, 3].map((n) => changeMcp(side.deps, newCommand(), id, { description: `${n}` })));
    expect(await loadMcp(side.deps, id)).toMatchObject({ version: 4 });
  });
});

describe('renaming an mcp', () => {
  it('frees the old name and takes the new one', async () => {
    const side = await openCommandSide();
    const id = await registered(side, named('old'));
    await changeMcp(side.deps, newCommand(), id, { name: 'new' });
    await refusal(registerMcp(side.deps, newCommand(), named('NEW')), 'conflict', 'name_taken');
    await registered(side, named('Old'));
  });

  it('is refused when the new name is taken, and keeps the old one', async () => {
    const side = await openCommandSide();
    const id = await registered(side, named('old'));
    await registered(side, named('new'));
    await refusal(changeMcp(side.deps, newCommand(), id, { name: 'new' }), 'conflict', 'name_taken');
    await refusal(registerMcp(side.deps, newCommand(), named('old')), 'conflict', 'name_taken');
    expect(await loadMcp(side.deps, id)).toMatchObject({ version: 1 });
  });

  it('to another spelling of the same name keeps the reservation', async () => {
    const side = await openCommandSide();
    const id = await registered(side, named('weather'));
    await changeMcp(side.deps, newCommand(), id, { name: 'Weather' });
    expect(await side.told()).toEqual(['reservation: NameReserved', 'mcp: McpRegistered', 'mcp: McpVersionPublished']);
  });

  it('is refused while the mcp is retired, and frees nothing', async () => {
    const side = await openCommandSide();
    const id = await registered(side, named('old'));
    await retireMcp(side.deps, newCommand(), id);
    await refusal(changeMcp(side.deps, newCommand(), id, { name: 'new' }), 'conflict', 'mcp_retired');
    await refusal(registerMcp(side.deps, newCommand(), named('old')), 'conflict', 'name_taken');
    await registered(side, named('new'));
  });

  it('that comes again, after it was renamed once more, leaves the name of today alone', async () => {
    const side = await openCommandSide();
    const id = await registered(side, named('first'));
    const context = newCommand();
    const outcome = await changeMcp(side.deps, context, id, { name: 'second' });
    await changeMcp(side.deps, newCommand(), id, { name: 'third' });
    const other = await registered(side, named('second'));
    const again = await changeMcp(side.deps, context, id, { name: 'second' });
    expect(again).toEqual({ ...outcome, events: [], replayed: true });
    await refusal(registerMcp(side.deps, newCommand(), named('third')), 'conflict', 'name_taken');
    expect(await loadMcp(side.deps, other)).toMatchObject({ definition: named('second') });
  });

  it('of two to the same name at the same moment lets one have it', async () => {
    const side = await openCommandSide();
    const ids = [await registered(side, named('one')), await registered(side, named('two'))];
    const outcomes = await Promise.allSettled(
      ids.map((id) => changeMcp(side.deps, newCommand(), id, { name: 'Same' })),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const names = await Promise.all(ids.map(async (id) => (await loadMcp(side.deps, id)).definition.name));
    expect(names.filter((name) => name === 'Same')).toHaveLength(1);
  });

  it('of two who swap their names at the same moment never lets one name go to both', async () => {
    const side = await openCommandSide();
    const ids = [await registered(side, named('one')), await registered(side, named('two'))] as const;
    const swaps = [
      changeMcp(side.deps, newCommand(), ids[0], { name: 'two' }),
      changeMcp(side.deps, newCommand(), ids[1], { name: 'one' }),
    ];
    for (const outcome of await Promise.allSettled(swaps)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'name_taken' } });
    }
  });

  it('is not undone by rolling back', async () => {
    const side = await openCommandSide();
    const id = await registered(side, named('old'));
    await changeMcp(side.deps, newCommand(), id, { name: 'new', description: 'Otherwise' });
    const { state } = await rollBackMcp(side.deps, newCommand(), id, 1);
    expect(state.definition).toEqual({ ...definition, name: 'new' });
    await registered(side, named('old'));
  });
});

describe('retiring an mcp', () => {
  it('keeps its name its own', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    await retireMcp(side.deps, newCommand(), id);
    await refusal(registerMcp(side.deps, newCommand(), definition), 'conflict', 'name_taken');
    expect((await restoreMcp(side.deps, newCommand(), id)).state.status).toBe('active');
  });
});

describe('what a server offers', () => {
  it('is published, and seen to drift, on the version that was asked', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    expect((await publishDiscoveredTools(side.deps, newCommand(), id, 1, first)).state).toMatchObject({ offer: first });
    expect((await detectDrift(side.deps, newCommand(), id, 1, second)).state).toMatchObject({
      version: 1,
      drift: second,
    });
    const next = await publishDiscoveredTools(side.deps, newCommand(), id, 1, second);
    expect(next.state).toMatchObject({ version: 2, offer: second, drift: null });
    const late = await publishDiscoveredTools(side.deps, newCommand(), id, 1, first);
    expect(late).toMatchObject({ state: { version: 2 }, events: [] });
  });

  it('or that it cannot be asked, is recorded', async () => {
    const side = await openCommandSide();
    const id = await registered(side);
    const failure = { version: 1, code: 'upstream_unavailable', message: 'refused' };
    const { state } = await reportFailedDiscovery(side.deps, newCommand(), id, failure);
    expect(state.discoveryError).toEqual({ code: 'upstream_unavailable', message: 'refused' });
  });
});
