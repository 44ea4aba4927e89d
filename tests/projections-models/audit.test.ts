import { describe, expect, it } from 'vitest';
import { audit, auditId } from '../../src/projections/audit/projection.ts';
import { definition, registered } from '../domain/mcp-fixtures.ts';
import { at, on, recorded, rowOf, rowsOf, type Fact } from './recorded.ts';

const requested = {
  type: 'ExecutionRequested',
  data: {
    mcpId: 'm1',
    mcpName: 'weather',
    mcpVersion: 1,
    tool: 'forecast',
    arguments: { city: 'Bern' },
    mode: 'sync',
    timeoutMs: 1000,
    requestedBy: 'user:ada',
  },
};
const denied = {
  type: 'AccessDenied',
  data: { action: 'mcp:write', resource: 'POST /api/v1/mcps', reason: 'permission mcp:write is missing' },
};

describe('the audit trail', () => {
  it('tells who did what to what, when and from where', () => {
    const [fact] = on('execution-e1', requested);
    const from: Fact = { ...(fact as Fact), metadata: { remoteAddress: '203.0.113.7' } };
    expect(rowOf(audit, [from])).toEqual({
      id: '0000000000000001',
      text: 'ExecutionRequested Execution Requested forecast weather city Bern',
      keywords: {
        position: 1,
        at: at(1),
        actor: 'user:ada',
        action: 'ExecutionRequested',
        category: 'execution',
        stream: 'execution-e1',
        resource: 'execution-e1',
        outcome: 'succeeded',
        correlation_id: 'correlation-1',
        remote_address: '203.0.113.7',
        mcp: 'weather',
        tool: 'forecast',
        reason: null,
        stated_reason: null,
      },
    });
  });

  it('tells why, in the words of who did it, and is found by them', () => {
    const [fact] = on('execution-e1', requested);
    const row = rowOf(audit, [{ ...(fact as Fact), metadata: { reason: 'ticket 4711' } }]);
    expect(row.keywords).toMatchObject({ stated_reason: 'ticket 4711', reason: null });
    expect(row.text).toContain('ticket 4711');
  });

  it('tells of a denial what was refused and why', () => {
    const row = rowOf(audit, on('denial-d1', denied));
    expect(row.keywords).toMatchObject({
      outcome: 'denied',
      stream: 'denial-d1',
      resource: 'POST /api/v1/mcps',
      reason: 'permission mcp:write is missing',
    });
    expect(row.text).toContain('Access Denied mcp:write POST /api/v1/mcps');
  });

  it('tells failures and denials from what succeeded', () => {
    const durationMs = 1;
    const error = { code: 'upstream_error', message: 'x'.repeat(1000) };
    const rows = rowsOf(
      audit,
      recorded([
        ...on('user-u1', { type: 'LoginFailed', data: { reason: 'wrong_password' } }),
        ...on('execution-e1', { type: 'ExecutionFailed', data: { error, durationMs } }),
        ...on('execution-e2', { type: 'ExecutionTimedOut', data: { timeoutMs: 1, durationMs } }),
        ...on('execution-e3', { type: 'ExecutionCancelled', data: { cancelledBy: 'user:bob', durationMs } }),
        ...on('mcp-m1', registered),
      ]),
    );
    const outcomes = [...rows.values()].map(({ keywords }) => [keywords.action, keywords.outcome]);
    expect(outcomes).toEqual([
      ['LoginFailed', 'denied'],
      ['ExecutionFailed', 'failed'],
      ['ExecutionTimedOut', 'failed'],
      ['ExecutionCancelled', 'succeeded'],
      ['McpRegistered', 'succeeded'],
    ]);
    expect(rows.get(auditId(2))?.keywords.reason).toHaveLength(200);
    expect(rows.get(auditId(2))?.text?.length).toBeLessThanOrEqual(512);
  });

  it('keeps events of unknown types, and says nothing of their data', () => {
    const row = rowOf(audit, on('painting-p1', { type: 'WallPainted', data: { colour: 'red' } }));
    expect(row.keywords).toMatchObject({ action: 'WallPainted', category: 'painting', outcome: 'succeeded' });
    expect(row.text).toBe('WallPainted Wall Painted');
  });

  it('does not put settings of a server into the words that can be searched', () => {
    const command = 'npx';
    const stdio = { type: 'stdio', command, args: ['--token', 'arg-secret'], env: { KEY: 'env-secret' } } as const;
    const http = { type: 'streamable-http', url: 'https://ada:pw-secret@x.example/mcp?key=url-secret' } as const;
    for (const transport of [stdio, http]) {
      const row = rowOf(
        audit,
        on('mcp-m1', { type: 'McpRegistered', data: { definition: { ...definition, transport } } }),
      );
      expect(row.text).toContain('weather demo');
      expect(JSON.stringify(row)).not.toContain('-secret');
    }
  });

  it('has entries whose ids are in the order of the log', () => {
    const ids = [1, 9, 10, 99, 100, 2 ** 53 - 1].map(auditId);
    expect([...ids].sort()).toEqual(ids);
  });
});
