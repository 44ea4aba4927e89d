import { describe, expect, it } from 'vitest';
import { mcpDecider, versionOf, type McpCommand } from '../../src/domain/mcp/decider.ts';
import type { McpDefinition } from '../../src/domain/mcp/definition.ts';
import type { McpEvent, VersionContent } from '../../src/domain/mcp/events.ts';
import type { RegisteredMcp } from '../../src/domain/mcp/state.ts';
import { fold, scenariosOf } from './given.ts';
import {
  definition,
  discovered,
  drifted,
  elsewhere,
  failedDiscovery,
  first,
  offer,
  registered,
  restored,
  retired,
  second,
  tool,
} from './mcp-fixtures.ts';

const given = scenariosOf(mcpDecider);

const described: McpDefinition = { ...definition, description: 'Forecasts and history' };
const published = (version: number, reason: 'change' | 'discovery', content: VersionContent): McpEvent => ({
  type: 'McpVersionPublished',
  data: { version, reason, ...content },
});
const rolledBack = (version: number, rolledBackTo: number, content: VersionContent): McpEvent => {
  return { type: 'McpVersionPublished', data: { version, reason: 'rollback', rolledBackTo, ...content } };
};
const change = (to: McpDefinition): McpCommand => ({ type: 'ChangeMcp', definition: to });
const rollBack = (toVersion: number): McpCommand => ({ type: 'RollBackMcp', toVersion });

function mcpAfter(...history: readonly McpEvent[]): RegisteredMcp {
  const state = fold(mcpDecider, history);
  if (state.status === 'unregistered') throw new Error('nothing was registered');
  return state;
}

describe('registering an mcp', () => {
  it('makes version 1, whose offer is not known yet', () => {
    given([]).when({ type: 'RegisterMcp', definition }).then([registered]);
    expect(mcpAfter(registered)).toEqual({
      status: 'active',
      version: 1,
      versions: [{ definition, offer: null }],
      definition,
      offer: null,
      drift: null,
      discoveryError: null,
    });
  });

  it('is done once, also for one that is retired', () => {
    given([registered]).when({ type: 'RegisterMcp', definition }).thenRejects('conflict', 'mcp_exists');
    given([registered, retired]).when({ type: 'RegisterMcp', definition }).thenRejects('conflict', 'mcp_exists');
  });

  it.each<McpCommand>([
    change(described),
    rollBack(1),
    { type: 'RetireMcp' },
    { type: 'RestoreMcp' },
    { type: 'PublishDiscoveredTools', version: 1, offer: first },
    { type: 'ReportFailedDiscovery', version: 1, code: 'c', message: 'm' },
    { type: 'DetectDrift', version: 1, offer: first },
  ])('comes before $type', (command) => {
    given([]).when(command).thenRejects('not_found', 'mcp_not_found');
  });
});

describe('changing an mcp', () => {
  it('publishes the next version', () => {
    given([registered])
      .when(change(described))
      .then([published(2, 'change', { definition: described, offer: null })]);
  });

  it('keeps what the server offers as long as the server is the same', () => {
    given([registered, discovered])
      .when(change(described))
      .then([published(2, 'change', { definition: described, offer: first })]);
  });

  it('forgets what the server offers when another server is named', () => {
    given([registered, discovered])
      .when(change(elsewhere))
      .then([published(2, 'change', { definition: elsewhere, offer: null })]);
  });

  it('has nothing to do when all is the same, whatever the order of members', () => {
    given([registered]).when(change(definition)).then([]);
    const { name, transport, description, tags } = definition;
    given([registered]).when(change({ transport, tags, description, name })).then([]);
  });

  it('keeps the server when only the order of members in its transport differs', () => {
    const { type, url } = { type: 'streamable-http', url: 'https://weather.example/mcp' } as const;
    const turned: McpDefinition = { ...described, transport: { url, type } };
    given([registered, discovered])
      .when(change(turned))
      .then([published(2, 'change', { definition: turned, offer: first })]);
  });

  it('is refused while the mcp is retired', () => {
    given([registered, retired]).when(change(described)).thenRejects('conflict', 'mcp_retired');
    given([registered, retired, restored])
      .when(change(described))
      .then([published(2, 'change', { definition: described, offer: null })]);
  });

  it('keeps every version as it was', () => {
    const mcp = mcpAfter(registered, discovered, published(2, 'change', { definition: elsewhere, offer: null }));
    expect(mcp).toMatchObject({ version: 2, definition: elsewhere, offer: null });
    expect(versionOf(mcp, 1)).toEqual({ definition, offer: first });
    expect(versionOf(mcp, 2)).toEqual({ definition: elsewhere, offer: null });
  });
});

describe('the versions of an mcp', () => {
  it.each([0, 2, -1, 1.5, Number.NaN])('do not include %d when there is only the first', (version) => {
    expect(() => versionOf(mcpAfter(registered), version)).toThrow(
      expect.objectContaining({ kind: 'not_found', code: 'version_not_found' }),
    );
  });
});

describe('rolling an mcp back', () => {
  const changed = published(2, 'change', { definition: elsewhere, offer: null });

  it('publishes the content of the older version as a new one', () => {
    given([registered, discovered, changed])
      .when(rollBack(1))
      .then([rolledBack(3, 1, { definition, offer: first })]);
  });

  it('can be rolled back itself', () => {
    const back = rolledBack(3, 1, { definition, offer: first });
    given([registered, discovered, changed, back])
      .when(rollBack(2))
      .then([rolledBack(4, 2, { definition: elsewhere, offer: null })]);
  });

  it('keeps the name that is in use', () => {
    const renamed = { ...elsewhere, name: 'climate' };
    given([registered, discovered, published(2, 'change', { definition: renamed, offer: null })])
      .when(rollBack(1))
      .then([rolledBack(3, 1, { definition: { ...definition, name: 'climate' }, offer: first })]);
  });

  it('is refused to the current version, and to one that never was', () => {
    given([registered, changed]).when(rollBack(2)).thenRejects('conflict', 'already_current');
    given([registered, changed]).when(rollBack(3)).thenRejects('not_found', 'version_not_found');
    given([registered, changed]).when(rollBack(0)).thenRejects('not_found', 'version_not_found');
  });

  it('is refused while the mcp is retired', () => {
    given([registered, changed, retired]).when(rollBack(1)).thenRejects('conflict', 'mcp_retired');
  });
});

describe('retiring and restoring an mcp', () => {
  it('take turns', () => {
    given([registered]).when({ type: 'RetireMcp' }).then([retired]);
    given([registered, retired]).when({ type: 'RestoreMcp' }).then([restored]);
    expect(mcpAfter(registered, retired).status).toBe('retired');
    expect(mcpAfter(registered, retired, restored).status).toBe('active');
  });

  it('have nothing to do a second time', () => {
    given([registered, retired]).when({ type: 'RetireMcp' }).then([]);
    given([registered]).when({ type: 'RestoreMcp' }).then([]);
  });
});

describe('asking a server what it offers', () => {
  const publish = (version: number, found = second): McpCommand => ({
    type: 'PublishDiscoveredTools',
    version,
    offer: found,
  });

  it('completes the version whose server was never asked', () => {
    given([registered]).when(publish(1, first)).then([discovered]);
    const mcp = mcpAfter(registered, discovered);
    expect(mcp).toMatchObject({ version: 1, offer: first });
    expect(versionOf(mcp, 1).offer).toEqual(first);
  });

  it('publishes what differs as the next version', () => {
    given([registered, discovered])
      .when(publish(1))
      .then([published(2, 'discovery', { definition, offer: second })]);
  });

  it('has nothing to record when the answer is the same, whatever the order of tools and members', () => {
    given([registered, discovered]).when(publish(1, first)).then([]);
    const [a, b] = [tool('a'), tool('b')];
    const both: McpEvent = { type: 'ToolsDiscovered', data: { version: 1, offer: offer(a, b) } };
    const { name, inputSchema } = a;
    given([registered, both])
      .when(publish(1, offer(b, { inputSchema, name })))
      .then([]);
  });

  it('has nothing to say of a version that a newer one has replaced', () => {
    const changed = published(2, 'change', { definition: elsewhere, offer: null });
    given([registered, changed]).when(publish(1)).then([]);
    given([registered]).when(publish(2)).then([]);
  });

  it('records that the server answers again after it failed to', () => {
    given([registered, discovered, failedDiscovery]).when(publish(1, first)).then([discovered]);
    expect(mcpAfter(registered, discovered, failedDiscovery, discovered).discoveryError).toBeNull();
  });

  it('publishes what had been seen as drift', () => {
    given([registered, discovered, drifted])
      .when(publish(1))
      .then([published(2, 'discovery', { definition, offer: second })]);
  });

  it('records that drift is over when the server offers again what its version says', () => {
    given([registered, discovered, drifted]).when(publish(1, first)).then([discovered]);
    expect(mcpAfter(registered, discovered, drifted, discovered).drift).toBeNull();
  });
});

describe('a server that cannot be asked', () => {
  const report = (version: number, message = 'refused'): McpCommand => {
    return { type: 'ReportFailedDiscovery', version, code: 'upstream_unavailable', message };
  };

  it('is recorded', () => {
    given([registered]).when(report(1)).then([failedDiscovery]);
    expect(mcpAfter(registered, failedDiscovery).discoveryError).toEqual({
      code: 'upstream_unavailable',
      message: 'refused',
    });
  });

  it('is recorded once as long as the reason is the same', () => {
    given([registered, failedDiscovery]).when(report(1)).then([]);
    given([registered, failedDiscovery])
      .when(report(1, 'timed out'))
      .then([
        { type: 'ToolDiscoveryFailed', data: { version: 1, code: 'upstream_unavailable', message: 'timed out' } },
      ]);
  });

  it('keeps what it offered before', () => {
    expect(mcpAfter(registered, discovered, failedDiscovery)).toMatchObject({ version: 1, offer: first });
  });

  it('is not held against a newer version', () => {
    const changed = published(2, 'change', { definition: elsewhere, offer: null });
    given([registered, failedDiscovery, changed]).when(report(1, 'timed out')).then([]);
    expect(mcpAfter(registered, failedDiscovery, changed).discoveryError).toBeNull();
  });
});

describe('drift', () => {
  const see = (found = second, version = 1): McpCommand => ({ type: 'DetectDrift', version, offer: found });

  it('is recorded with the tools that differ, and publishes nothing', () => {
    given([registered, discovered]).when(see()).then([drifted]);
    expect(mcpAfter(registered, discovered, drifted)).toMatchObject({ version: 1, offer: first, drift: second });
  });

  it('is told by names of removed tools too', () => {
    given([registered, { type: 'ToolsDiscovered', data: { version: 1, offer: second } }])
      .when(see(offer(tool('history'))))
      .then([
        {
          type: 'ToolDefinitionDrifted',
          data: {
            version: 1,
            offer: offer(tool('history')),
            added: [],
            removed: ['forecast'],
            changed: [],
            changes: [{ pointer: '/tools/forecast', op: 'remove', before: second.tools[0], after: null }],
          },
        },
      ]);
  });

  it('is recorded once for each new offer', () => {
    given([registered, discovered, drifted]).when(see()).then([]);
    const third = offer(tool('third'));
    given([registered, discovered, drifted])
      .when(see(third))
      .then([
        {
          type: 'ToolDefinitionDrifted',
          data: {
            version: 1,
            offer: third,
            added: ['third'],
            removed: ['forecast'],
            changed: [],
            changes: [
              { pointer: '/tools/forecast', op: 'remove', before: tool('forecast'), after: null },
              { pointer: '/tools/third', op: 'add', before: null, after: tool('third') },
            ],
          },
        },
      ]);
  });

  it('is not there when the server offers what its version says', () => {
    given([registered, discovered]).when(see(first)).then([]);
  });

  it('is over when the server offers again what its version says, and may come back', () => {
    given([registered, discovered, drifted]).when(see(first)).then([discovered]);
    given([registered, discovered, drifted, discovered]).when(see()).then([drifted]);
  });

  it('completes a version whose server was never asked', () => {
    given([registered]).when(see(first)).then([discovered]);
  });

  it('is not held against a newer version', () => {
    const changed = published(2, 'change', { definition: described, offer: first });
    given([registered, discovered, changed]).when(see(second, 1)).then([]);
    expect(mcpAfter(registered, discovered, drifted, changed).drift).toBeNull();
  });
});
