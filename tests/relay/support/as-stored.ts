import type { DecodeEventData } from '../../../src/ports/event-store.ts';

/** The codec that leaves data as it was stored. */
export const asStored: DecodeEventData = (_type, _schemaVersion, data) => data;
