import type { Told } from '../domain/privacy/persons.ts';
import type { SealedFields } from '../domain/registry.ts';
import type { RecordedEvent } from './event-store.ts';

/** Stands where personal data of an erased person was. */
export const erasedMark = '[erased]';

/** What of an event is about whom. */
export interface PersonalRules {
  /** Names of the fields of an event type's data that are sealed. */
  readonly fieldsOf: (type: string) => SealedFields;
  /** Id of the user whose personal data the fields of an event's data hold. */
  readonly personInData: (event: Told) => string | undefined;
  /** Id of the user who came from an event's address. */
  readonly personAtAddress: (event: Told) => string | undefined;
}

/** An address as it is stored, and of whom it is, where that is known. */
export interface Trace {
  /** Id of the user. */
  readonly person: string | undefined;
  readonly text: string | null;
}

/** Opens what is sealed with the keys of people, for showing it; what belongs to an erased person reads `[erased]`. */
export interface PersonalData {
  /** The events with all that is sealed in them opened, their addresses included. @throws StoreUnavailable */
  reveal(events: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]>;

  /** The texts of traces, in their order. @throws StoreUnavailable */
  revealTraces(traces: readonly Trace[]): Promise<readonly (string | null)[]>;

  /**
   * Forgets the key of a user: nothing of him that was sealed can ever be read again. Other processes notice within a
   * minute. @throws StoreUnavailable
   */
  erase(person: string): Promise<void>;
}
