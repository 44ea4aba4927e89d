import type { Config } from '../../config.ts';
import type { Probe } from '../../ports/engine-probe.ts';
import type { EventBus, ProjectorGroup } from '../../ports/event-bus.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { AnyProjection } from '../../projections/projection.ts';
import type { Closing } from '../closing.ts';

/** What carries events to those who follow the log, and what processes know of each other. */
export interface Messaging {
  /** Absent: the log itself carries them. */
  readonly bus?: EventBus;
  readonly group: ProjectorGroup;
  /** Of the bus's server. */
  readonly probe?: Probe;
  /** Of the server that holds what processes share. */
  readonly coordination?: Probe;
}

export async function openMessaging(
  config: Config,
  _store: EventStore,
  projections: readonly AnyProjection[],
  _options: { readonly logger: Logger; readonly clock: () => number; readonly closing: Closing },
): Promise<Messaging> {
  const names = config.roles.includes('projector') ? projections.map(({ name }) => name) : [];
  const owned = new Set(names);
  return { group: { owned: () => owned, onChange: () => undefined, close: async () => undefined } };
}
