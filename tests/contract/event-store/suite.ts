import { afterEach, beforeEach, describe } from 'vitest';
import type { DecodeEventData, EventStore } from '../../../src/ports/event-store.ts';
import { appendContract } from './append.ts';
import { lifeCycleContract } from './life-cycle.ts';
import { propertyContract } from './properties.ts';
import { readContract } from './read.ts';
import { subscribeContract } from './subscribe.ts';

/** What an adapter may leave out; everything else every adapter does. */
export interface EventStoreCapabilities {
  /** `appendMany` over several streams is one transaction. Without it, `appendMany` takes one stream. */
  readonly atomicAppendMany: boolean;
}

export interface StoreUnderTest {
  readonly store: EventStore;
  /** Closes the store and opens the same log again. */
  readonly reopen?: () => Promise<EventStore>;
  /** Closes whatever is open and clears away. */
  readonly dispose: () => Promise<void>;
}

/** Opens a store for one test. Others may be writing to the same log, in streams of their own. */
export type OpenStore = (options: { readonly decode: DecodeEventData }) => Promise<StoreUnderTest>;

/** What each part of the suite gets: the store of the running test, and what the adapter can do. */
export interface ContractContext {
  readonly store: () => EventStore;
  readonly underTest: () => StoreUnderTest;
  readonly capabilities: EventStoreCapabilities;
}

/** A made-up upcaster: version 1 of `Versioned` had no unit. Everything else passes unchanged. */
export const decode: DecodeEventData = (type, schemaVersion, data) =>
  type === 'Versioned' && schemaVersion === 1 ? { value: data, unit: 'ms' } : data;

/**
 * What every event store promises, told only in the words of the port: positions are ordered and opaque, and nothing
 * is known of how a log is kept. Adapters run it unchanged.
 */
export function eventStoreContract(name: string, open: OpenStore, capabilities: EventStoreCapabilities): void {
  describe(`event store contract: ${name}`, () => {
    let current: StoreUnderTest | undefined;
    const underTest = (): StoreUnderTest => {
      if (current === undefined) throw new Error('no store is open');
      return current;
    };
    const context: ContractContext = { store: () => underTest().store, underTest, capabilities };

    beforeEach(async () => {
      current = await open({ decode });
    });
    afterEach(async () => {
      await current?.dispose();
      current = undefined;
    });

    appendContract(context);
    readContract(context);
    subscribeContract(context);
    lifeCycleContract(context);
    propertyContract(context);
  });
}
