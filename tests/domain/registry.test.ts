import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEventData, eventTypes, publicData, schemaVersionOf } from '../../src/domain/registry.ts';

const storedV1 = {
  mcpId: '0198c0de-0000-7000-8000-000000000001',
  mcpVersion: 1,
  tool: 'echo',
  arguments: { message: 'hello' },
  requestedBy: 'user:0198c0de-0000-7000-8000-000000000002',
};

const jsonObject = fc.dictionary(fc.string(), fc.jsonValue()).map((data) => JSON.parse(JSON.stringify(data)) as object);
const anyType = fc.oneof(
  fc.constantFrom(...eventTypes),
  fc.constantFrom('toString', '__proto__', 'SomethingElseHappened'),
);
const secretTypes = { UserRegistered: 'passwordHash', SessionStarted: 'tokenHash', IdempotencyKeyAnswered: 'body' };

/** A name in this list is in somebody's log: it can never go, nor come to mean something else. */
const everWritten = [
  'AccessDenied',
  'AuditRead',
  'DeadLettersRetried',
  'ExecutionCancelled',
  'ExecutionFailed',
  'ExecutionRequested',
  'ExecutionStarted',
  'ExecutionSucceeded',
  'ExecutionTimedOut',
  'IdempotencyKeyAnswered',
  'IdempotencyKeyClaimed',
  'LoginFailed',
  'McpRegistered',
  'McpRestored',
  'McpRetired',
  'McpVersionPublished',
  'NameClaimWithdrawn',
  'NameReleased',
  'NameReserved',
  'OAuthClientRegistered',
  'OAuthGrantChanged',
  'OAuthGrantGiven',
  'OAuthGrantRevoked',
  'OAuthTokenIssued',
  'OAuthTokenUsed',
  'PackagesPinned',
  'PasswordChanged',
  'ProjectionRebuildCompleted',
  'ProjectionRebuildFailed',
  'ProjectionRebuildStarted',
  'ProjectionRolledBack',
  'SessionEnded',
  'SessionRefreshed',
  'SessionStarted',
  'ToolDefinitionDrifted',
  'ToolDiscoveryFailed',
  'ToolsDiscovered',
  'UserErased',
  'UserErasureBegan',
  'UserIdentityLinked',
  'UserLoggedIn',
  'UserRegistered',
  'UserRolesChanged',
];

describe('stored event data', () => {
  it('of an execution requested before names, modes and timeouts were kept, is brought to the newest version', () => {
    expect(decodeEventData('ExecutionRequested', 1, storedV1)).toEqual({
      ...storedV1,
      mcpName: storedV1.mcpId,
      mode: 'sync',
      timeoutMs: 30_000,
    });
  });

  it('of an older version keeps what it says itself', () => {
    const named = { ...storedV1, mcpName: 'weather', timeoutMs: 5 };
    expect(decodeEventData('ExecutionRequested', 1, named)).toMatchObject({
      mcpName: 'weather',
      timeoutMs: 5,
      mode: 'sync',
    });
  });

  it('of the newest version passes as it is', () => {
    fc.assert(
      fc.property(anyType, jsonObject, (type, data) => {
        expect(decodeEventData(type, schemaVersionOf(type), data)).toBe(data);
      }),
    );
  });

  it('of a version newer than this program knows passes as it is', () => {
    const data = { ...storedV1, somethingNew: true };
    expect(decodeEventData('ExecutionRequested', 9, data)).toBe(data);
  });

  it('of an unknown type passes as it is, whatever its version', () => {
    const data = { a: 1 };
    expect(decodeEventData('SomethingElseHappened', 1, data)).toBe(data);
    expect(decodeEventData('constructor', 4, data)).toBe(data);
  });

  it('is understood at any version, whatever the object holds, and is left unchanged itself', () => {
    fc.assert(
      fc.property(anyType, fc.integer({ min: 1, max: 9 }), jsonObject, (type, version, data) => {
        const before = JSON.stringify(data);
        const decoded = decodeEventData(type, version, data);
        expect(decoded).toMatchObject(JSON.parse(before) as object);
        expect(JSON.stringify(data)).toBe(before);
      }),
    );
  });

  it('is the same after upcasting twice as after once', () => {
    fc.assert(
      fc.property(jsonObject, (data) => {
        const once = decodeEventData('ExecutionRequested', 1, data);
        expect(decodeEventData('ExecutionRequested', 1, once)).toEqual(once);
      }),
    );
  });

  it.each([{ data: null }, { data: 7 }, { data: 'text' }, { data: [1, 2] }])(
    'that is no object passes as it is: $data',
    ({ data }) => {
      expect(decodeEventData('ExecutionRequested', 1, data)).toBe(data);
    },
  );
});

describe('event types', () => {
  it('are written with the version that their upcasters lead to', () => {
    expect(schemaVersionOf('ExecutionRequested')).toBe(2);
    expect(schemaVersionOf('McpRegistered')).toBe(1);
    expect(schemaVersionOf('SomethingElseHappened')).toBe(1);
  });

  it('of older versions all find an upcaster', () => {
    for (const type of eventTypes) {
      for (let version = 1; version < schemaVersionOf(type); version++) {
        const data = {};
        expect(decodeEventData(type, version, data), `${type} ${version}`).not.toBe(data);
      }
    }
  });

  it('keep the names that stand in logs already', () => {
    expect(eventTypes).toEqual(expect.arrayContaining(everWritten));
  });
});

describe('what others may see of an event', () => {
  it('has its secret fields masked and the rest unchanged', () => {
    const data = { username: 'ada', email: 'ada@example.org', passwordHash: '$argon2id$…', roles: ['viewer'] };
    expect(publicData('UserRegistered', data)).toEqual({ ...data, passwordHash: '[redacted]' });
    expect(data.passwordHash).toBe('$argon2id$…');
  });

  it('never holds a hash of a password or token, nor a kept answer', () => {
    const secret = 'm0st-secret';
    for (const [type, field] of Object.entries(secretTypes)) {
      expect(JSON.stringify(publicData(type, { [field]: secret, other: 1 }))).toBe(
        `{"${field}":"[redacted]","other":1}`,
      );
    }
  });

  it('is everything when nothing of it is secret', () => {
    const data = { passwordHash: 'not a secret here' };
    expect(publicData('ExecutionStarted', data)).toBe(data);
    expect(publicData('SomethingElseHappened', data)).toBe(data);
  });

  it('passes data that is no object', () => {
    expect(publicData('UserRegistered', null)).toBeNull();
    expect(publicData('UserRegistered', ['x'])).toEqual(['x']);
  });
});
