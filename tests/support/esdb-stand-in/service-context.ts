import type shared from '@eventstore/db-client/generated/shared_pb.js';
import type { StandInLog } from './log.ts';
import type { VersionTraits } from './server-version.ts';
import type { Switches } from './switches.ts';

/** What the services of a stand-in share. */
export interface ServiceContext {
  readonly log: StandInLog;
  readonly switches: Switches;
  readonly traits: VersionTraits;
  readonly version: string;
  /** Cuts every connection, as a network does. */
  readonly dropConnections: () => void;
}

export function nameOf(identifier: InstanceType<typeof shared.StreamIdentifier> | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
}
