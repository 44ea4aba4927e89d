import { afterEach, beforeEach, describe } from 'vitest';
import type { Coordination } from '../../../src/ports/coordination.ts';
import { cacheContract } from './cache.ts';
import { channelsContract } from './channels.ts';
import type { LogLines } from '../../support/log-lines.ts';
import { leasesContract } from './leases.ts';
import { presenceContract } from './presence.ts';
import { rateLimitsContract } from './rate-limits.ts';

export interface CoordinationUnderTest {
  /** What two processes see of the same. An adapter for one process alone gives it the same twice. */
  readonly first: Coordination;
  readonly second: Coordination;
  readonly logger: LogLines;
  readonly dispose: () => Promise<void>;
}

/** Opens coordination for one test, with a cache of less than 100 values of 1,000 characters, none above 10,000. */
export type OpenCoordination = () => Promise<CoordinationUnderTest>;

/** What every coordinator promises while it is there. */
export function coordinationContract(name: string, open: OpenCoordination): void {
  describe(`coordination contract: ${name}`, () => {
    let current: CoordinationUnderTest | undefined;
    const underTest = (): CoordinationUnderTest => {
      if (current === undefined) throw new Error('nothing is open');
      return current;
    };
    beforeEach(async () => {
      current = await open();
    });
    afterEach(async () => {
      await current?.dispose();
      current = undefined;
    });

    leasesContract(underTest);
    presenceContract(underTest);
    cacheContract(underTest);
    channelsContract(underTest);
    rateLimitsContract(underTest);
  });
}
