import fc, { type Arbitrary } from 'fast-check';
import type { Decider } from '../../src/domain/decider.ts';
import type { DomainEvent } from '../../src/domain/event.ts';
import { executionDecider, type ExecutionCommand } from '../../src/domain/execution/decider.ts';
import type { ExecutionRequest, StoredResult } from '../../src/domain/execution/events.ts';
import { idempotencyDecider, type IdempotencyCommand } from '../../src/domain/idempotency/decider.ts';
import { mcpDecider, type McpCommand } from '../../src/domain/mcp/decider.ts';
import type { McpDefinition } from '../../src/domain/mcp/definition.ts';
import { reservationDecider, type ReservationCommand } from '../../src/domain/reservation/decider.ts';
import { sessionDecider, type SessionCommand } from '../../src/domain/session/decider.ts';
import { userDecider, type UserCommand } from '../../src/domain/user/decider.ts';
import { roleNames } from '../../src/domain/access/roles.ts';
import { definition, elsewhere, first, offer, second, tool } from './mcp-fixtures.ts';

const definitions: readonly McpDefinition[] = [
  definition,
  elsewhere,
  { ...definition, name: 'climate' },
  { ...definition, tags: [], description: '' },
  { ...definition, transport: { type: 'stdio', command: 'npx', args: ['-y', 'weather@1.0.0'] } },
];
const someOffer = fc.constantFrom(first, second, offer(), offer(tool('third', { title: 'Third' })));
const someDefinition = fc.constantFrom(...definitions);
const version = fc.integer({ min: 1, max: 6 });

const mcpCommand: Arbitrary<McpCommand> = fc.oneof(
  fc.record({ type: fc.constant('RegisterMcp' as const), definition: someDefinition }),
  fc.record({ type: fc.constant('ChangeMcp' as const), definition: someDefinition }),
  fc.record({ type: fc.constant('RollBackMcp' as const), toVersion: version }),
  fc.record({ type: fc.constantFrom('RetireMcp' as const, 'RestoreMcp' as const) }),
  fc.record({ type: fc.constant('PublishDiscoveredTools' as const), version, offer: someOffer }),
  fc.record({ type: fc.constant('DetectDrift' as const), version, offer: someOffer }),
  fc.record({
    type: fc.constant('ReportFailedDiscovery' as const),
    version,
    code: fc.constantFrom('upstream_unavailable', 'execution_timed_out'),
    message: fc.constantFrom('refused', 'too late'),
  }),
);

const request: ExecutionRequest = {
  mcpId: 'm1',
  mcpName: 'weather',
  mcpVersion: 1,
  tool: 'forecast',
  arguments: {},
  mode: 'async',
  timeoutMs: 1000,
  requestedBy: 'user:u1',
};
const result: StoredResult = { inline: { content: [] } };
const durationMs = 5;
const error = { code: 'tool_error', message: 'no' };

const executionCommand = fc.constantFrom<ExecutionCommand>(
  { type: 'RequestExecution', request },
  { type: 'RunExecution', request },
  { type: 'RefuseExecution', request, error },
  { type: 'StartExecution' },
  { type: 'SucceedExecution', result, durationMs },
  { type: 'FailExecution', error, durationMs },
  { type: 'FailExecution', error, result, durationMs },
  { type: 'TimeOutExecution', timeoutMs: 1000, durationMs },
  { type: 'CancelExecution', cancelledBy: 'user:u1', durationMs },
);

const someRoles = fc.subarray([...roleNames]);

const userCommand: Arbitrary<UserCommand> = fc.oneof(
  fc.record({
    type: fc.constant('RegisterUser' as const),
    username: fc.string(),
    email: fc.emailAddress(),
    passwordHash: fc.string(),
    roles: someRoles,
  }),
  fc.record({ type: fc.constant('ChangePassword' as const), passwordHash: fc.string() }),
  fc.record({ type: fc.constant('SetRoles' as const), roles: someRoles }),
  fc.record({ type: fc.constant('RecordLogin' as const), sessionId: fc.uuid() }),
  fc.record({ type: fc.constantFrom('RecordFailedLogin' as const, 'BeginErasure' as const, 'EraseUser' as const) }),
);

const hash = fc.constantFrom('h0', 'h1', 'h2', 'h3');
const time = fc.constantFrom('2026-03-01T10:00:00.000Z', '2026-03-02T10:00:00.000Z', '2026-03-03T10:00:00.000Z');

const sessionCommand: Arbitrary<SessionCommand> = fc.oneof(
  fc.record({
    type: fc.constant('StartSession' as const),
    userId: fc.constant('u1'),
    tokenHash: hash,
    expiresAt: time,
  }),
  fc.record({ type: fc.constant('RefreshSession' as const), presentedHash: hash, nextHash: hash, now: time }),
  fc.record({
    type: fc.constant('EndSession' as const),
    reason: fc.constantFrom('logout' as const, 'roles_changed' as const),
  }),
);

const owner = fc.constantFrom('mcp-1', 'mcp-2', 'mcp-3');

const reservationCommand: Arbitrary<ReservationCommand> = fc.oneof(
  fc.record({
    type: fc.constant('ReserveName' as const),
    owner,
    name: fc.constant('n'),
    pointer: fc.constant('/name'),
  }),
  fc.record({ type: fc.constant('ReleaseName' as const), owner }),
);

const idempotencyCommand: Arbitrary<IdempotencyCommand> = fc.oneof(
  fc.record({
    type: fc.constant('ClaimKey' as const),
    requestHash: fc.constantFrom('r1', 'r2'),
    commandId: fc.uuid(),
    claimant: fc.constantFrom('p1', 'p2'),
    abandoned: fc.constantFrom(
      () => false,
      () => true,
    ),
  }),
  fc.record({
    type: fc.constant('RecordAnswer' as const),
    answer: fc.record({
      status: fc.constantFrom(200, 422),
      headers: fc.constant({ location: '/x' }),
      // As it came out of a parser: JSON has no negative zero.
      body: fc.json().map((body) => ({ inline: JSON.parse(body) as unknown })),
    }),
  }),
);

export interface Subject<State, Command, Event extends DomainEvent> {
  readonly decider: Decider<State, Command, Event>;
  readonly command: Arbitrary<Command>;
  /** Event types that are facts for others: the aggregate's own state is the same after them. */
  readonly withoutEffect: readonly Event['type'][];
}

/** Calls a function with each decider and random commands for it; what differs in type stays inside the call. */
export function forEachDecider(
  visit: <State, Command, Event extends DomainEvent>(subject: Subject<State, Command, Event>) => void,
): void {
  visit({ decider: mcpDecider, command: mcpCommand, withoutEffect: [] });
  visit({ decider: executionDecider, command: executionCommand, withoutEffect: [] });
  visit({ decider: userDecider, command: userCommand, withoutEffect: ['UserLoggedIn', 'LoginFailed'] });
  visit({ decider: sessionDecider, command: sessionCommand, withoutEffect: [] });
  visit({ decider: reservationDecider, command: reservationCommand, withoutEffect: [] });
  visit({ decider: idempotencyDecider, command: idempotencyCommand, withoutEffect: [] });
}
