import type { DomainEvent, EventMetadata } from '../domain/event.ts';
import { schemaVersionOf } from '../domain/registry.ts';
import type { EventToAppend } from '../ports/event-store.ts';
import type { CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';

/** The event with what is known about its command. */
export function eventToAppend(
  deps: Pick<CommandDeps, 'clock'>,
  context: CommandContext,
  event: DomainEvent,
  eventId: string,
): EventToAppend {
  const { commandId, principal, correlationId, causationId, traceparent, remoteAddress, reason } = context;
  const metadata: EventMetadata = {
    eventId,
    commandId,
    actor: principal.actor,
    ...(principal.via === undefined ? {} : { via: principal.via }),
    tenant: principal.tenant,
    correlationId,
    ...(causationId === undefined ? {} : { causationId }),
    ...(traceparent === undefined ? {} : { traceparent }),
    schemaVersion: String(schemaVersionOf(event.type)),
    occurredAt: new Date(deps.clock()).toISOString(),
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    ...(reason === undefined ? {} : { reason }),
  };
  return { type: event.type, data: event.data, metadata };
}
