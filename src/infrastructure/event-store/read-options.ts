import type { Revision } from '../../ports/event-store.ts';

/** Which events of a stream are read. */
export interface StreamRead {
  readonly from?: Revision;
  readonly limit?: number;
  readonly direction?: 'forward' | 'backward';
}

/** @throws RangeError */
export function requireLimit(limit: number): void {
  if (!(limit >= 1)) throw new RangeError(`limit ${limit} is less than 1`);
}
