import type { EventToAppend, RecordedEvent } from '../../ports/event-store.ts';
import type { PersonalData, PersonalRules } from '../../ports/personal-data.ts';
import { createOpening } from './opening.ts';
import type { PersonKeyring } from './person-keyring.ts';
import { createSealing, type MaybePromise } from './sealing.ts';

/** Seals what events say of people on their way into the log, and opens it on its way out. */
export interface PersonalDataSealing extends PersonalData {
  /** The events as they are to be stored in a stream; the same array where nothing is sealed. @throws StoreUnavailable */
  seal(stream: string, events: readonly EventToAppend[]): MaybePromise<readonly EventToAppend[]>;
  /**
   * Stored events with what says who somebody is opened, traces left sealed; the same array where nothing is.
   * @throws StoreUnavailable
   */
  open(events: readonly RecordedEvent[]): MaybePromise<readonly RecordedEvent[]>;
}

export function createPersonalData(keyring: PersonKeyring, rules: PersonalRules): PersonalDataSealing {
  return {
    seal: createSealing(keyring, rules),
    ...createOpening(keyring, rules),
    erase: (person) => keyring.erase(person),
  };
}
