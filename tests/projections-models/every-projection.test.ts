import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventTypes } from '../../src/domain/registry.ts';
import type { SearchRow } from '../../src/ports/read-model.ts';
import { projections } from '../../src/projections/all.ts';
import { anyLog, anyRows, on, recorded, rowsOf } from './recorded.ts';

describe.each(projections.map((projection) => [projection.name, anyRows(projection)] as const))(
  'the projection %s',
  (_name, projection) => {
    it('makes the same rows when events come twice', () => {
      fc.assert(
        fc.property(anyLog(), (log) => {
          const twice = log.flatMap((event) => [event, event]);
          expect(rowsOf(projection, twice)).toEqual(rowsOf(projection, log));
        }),
        { numRuns: 30 },
      );
    });

    it('makes the same rows from what JSON keeps of events and of rows', () => {
      fc.assert(
        fc.property(anyLog(), (log) => {
          const throughJson = {
            ...projection,
            evolve: (row: Parameters<typeof projection.evolve>[0], event: (typeof log)[number]) =>
              projection.evolve(row && JSON.parse(JSON.stringify(row)), JSON.parse(JSON.stringify(event))),
          };
          expect(rowsOf(throughJson, log)).toEqual(rowsOf(projection, log));
        }),
        { numRuns: 30 },
      );
    });

    it('says that a row begins only where there is none', () => {
      fc.assert(
        fc.property(anyLog(), (log) => {
          const rows = new Map<string, unknown>();
          for (const event of log) {
            const id = projection.rowId(event);
            if (id === undefined) continue;
            if (projection.begins === 'always' || projection.begins?.(event)) expect(rows.has(id)).toBe(false);
            rows.set(id, projection.evolve(rows.get(id) as undefined, event));
          }
        }),
        { numRuns: 30 },
      );
    });

    it('fills exactly the fields of its model', () => {
      fc.assert(
        fc.property(anyLog(), (log) => {
          const { model } = projection;
          for (const row of rowsOf(projection, log).values()) {
            if (model.kind === 'relational') {
              expect(Object.keys(row).sort()).toEqual(['id', ...Object.keys(model.columns)].sort());
            } else if (model.kind === 'search') {
              expect(Object.keys((row as SearchRow).keywords).sort()).toEqual(Object.keys(model.keywords).sort());
            }
          }
        }),
        { numRuns: 30 },
      );
    });

    it('reads event types that exist', () => {
      expect(eventTypes).toEqual(expect.arrayContaining([...(projection.types ?? [])]));
    });

    it('passes by events of unknown types, unless it is the audit trail', () => {
      const log = recorded(on('mcp-1', { type: 'McpPainted', data: { colour: 'red' } }));
      expect(rowsOf(projection, log).size).toBe(projection.name === 'audit' ? 1 : 0);
    });
  },
);

describe('all projections', () => {
  it('keep no secret of any event', () => {
    const secret = 'hunter2';
    const log = recorded([
      ...on(
        'user-u1',
        { type: 'UserRegistered', data: { username: 'ada', email: 'a@b.c', passwordHash: secret, roles: ['viewer'] } },
        { type: 'PasswordChanged', data: { passwordHash: secret } },
      ),
      ...on(
        'session-s1',
        { type: 'SessionStarted', data: { userId: 'u1', tokenHash: secret, expiresAt: '2026-04-01T00:00:00.000Z' } },
        { type: 'SessionRefreshed', data: { tokenHash: secret } },
      ),
      ...on(
        'idempotency-k1',
        { type: 'IdempotencyKeyClaimed', data: { requestHash: secret, commandId: 'c', claimant: 'p' } },
        { type: 'IdempotencyKeyAnswered', data: { status: 200, headers: {}, body: { inline: { password: secret } } } },
      ),
      ...on('secret-x', { type: 'SecretStored', data: { value: secret } }),
    ]);
    for (const projection of projections) {
      const rows = [...rowsOf(anyRows(projection), log).values()];
      expect(JSON.stringify(rows), projection.name).not.toContain(secret);
    }
  });

  it('have names of their own', () => {
    expect(new Set(projections.map(({ name }) => name)).size).toBe(projections.length);
  });
});
