import { describe, expect, it } from 'vitest';
import { mcpNames } from '../../src/projections/mcp-names/projection.ts';
import { mcpVersions } from '../../src/projections/mcp-versions/projection.ts';
import { mcps } from '../../src/projections/mcps/projection.ts';
import {
  definition,
  discovered,
  drifted,
  first,
  registered,
  restored,
  retired,
  second,
  tool,
} from '../domain/mcp-fixtures.ts';
import { at, id, on, recorded, rowOf, rowsOf } from './recorded.ts';

const stream = `mcp-${id}`;
const changed = {
  type: 'McpVersionPublished',
  data: { version: 2, reason: 'change', definition: { ...definition, name: 'Climate' }, offer: null },
} as const;
const rolledBack = {
  type: 'McpVersionPublished',
  data: { version: 3, reason: 'rollback', rolledBackTo: 1, definition, offer: first },
} as const;

describe('the row of an mcp', () => {
  it('begins with its definition, and without tools', () => {
    expect(rowOf(mcps, on(stream, registered))).toEqual({
      id,
      name: 'weather',
      name_key: 'weather',
      description: 'Forecasts',
      tags: '["demo"]',
      status: 'active',
      version: 1,
      transport: '{"type":"streamable-http","url":"https://weather.example/mcp"}',
      tools: '[]',
      tool_count: 0,
      discovery: 'pending',
      discovery_error: null,
      drift: null,
      created_at: at(1),
      created_by: 'user:ada',
      updated_at: at(1),
      revision: 0,
      created_position: 1,
      position: 1,
    });
  });

  it('tells the tools that were discovered, without their schemas', () => {
    const row = rowOf(mcps, on(stream, registered, discovered));
    expect(row).toMatchObject({ tools: '[{"name":"forecast"}]', tool_count: 1, discovery: 'discovered', revision: 1 });
    expect(row).toMatchObject({ created_at: at(1), updated_at: at(2), created_position: 1, position: 2 });
  });

  it('shortens what tools say of themselves', () => {
    const offer = { ...first, tools: [tool('long', { title: 'Long', description: `${'x'.repeat(498)}🦊 and more` })] };
    const row = rowOf(mcps, on(stream, registered, { type: 'ToolsDiscovered', data: { version: 1, offer } }));
    expect(JSON.parse(row.tools)).toEqual([{ name: 'long', title: 'Long', description: `${'x'.repeat(498)}…` }]);
  });

  it('shows drift and a failed discovery until a new version ends them', () => {
    const failed = {
      type: 'ToolDiscoveryFailed',
      data: { version: 1, code: 'upstream_unavailable', message: 'refused' },
    };
    const row = rowOf(mcps, on(stream, registered, discovered, drifted, failed));
    expect(JSON.parse(row.drift ?? '')).toEqual({
      added: ['history'],
      removed: [],
      changed: ['forecast'],
      detectedAt: at(3),
    });
    expect(row).toMatchObject({ discovery: 'failed', tool_count: 1 });
    expect(JSON.parse(row.discovery_error ?? '')).toEqual({ code: 'upstream_unavailable', message: 'refused' });
    const after = rowOf(mcps, on(stream, registered, discovered, drifted, failed, changed));
    expect(after).toMatchObject({
      drift: null,
      discovery: 'pending',
      discovery_error: null,
      version: 2,
      tool_count: 0,
    });
  });

  it('takes no tools from the server of an older version', () => {
    const late = { type: 'ToolsDiscovered', data: { version: 1, offer: second } };
    expect(rowOf(mcps, on(stream, registered, changed, late))).toMatchObject({
      tool_count: 0,
      version: 2,
      revision: 2,
    });
  });

  it('follows being retired and restored', () => {
    expect(rowOf(mcps, on(stream, registered, retired)).status).toBe('retired');
    expect(rowOf(mcps, on(stream, registered, retired, restored))).toMatchObject({ status: 'active', revision: 2 });
  });

  it('is not made by a stream that does not begin with its registration', () => {
    expect(rowsOf(mcps, recorded(on(stream, retired, discovered))).size).toBe(0);
  });
});

describe('the versions of an mcp', () => {
  it('are kept whole, with why, when and by whom they were published', () => {
    const versions = rowsOf(mcpVersions, recorded(on(stream, registered, discovered, changed, rolledBack)));
    expect([...versions.values()]).toEqual([
      {
        id: `${id}@1`,
        mcpId: id,
        version: 1,
        definition,
        offer: first,
        reason: 'registration',
        rolledBackTo: null,
        publishedAt: at(1),
        publishedBy: 'user:ada',
        discoveredAt: at(2),
        revision: 1,
        position: 2,
      },
      expect.objectContaining({ id: `${id}@2`, reason: 'change', offer: null, discoveredAt: null, revision: 2 }),
      expect.objectContaining({
        id: `${id}@3`,
        reason: 'rollback',
        rolledBackTo: 1,
        offer: first,
        discoveredAt: at(4),
      }),
    ]);
  });
});

describe('the names of mcps', () => {
  it('are kept with the place where each was first borne', () => {
    const names = rowsOf(mcpNames, recorded(on(stream, registered, changed, rolledBack)));
    expect([...names.values()]).toEqual([
      { id: `${id} weather`, mcp_id: id, name_key: 'weather', position: 1 },
      { id: `${id} climate`, mcp_id: id, name_key: 'climate', position: 2 },
    ]);
  });
});
