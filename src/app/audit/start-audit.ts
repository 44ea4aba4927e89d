import type { Config } from '../../config.ts';
import { openSqliteRawLog } from '../../infrastructure/event-store/sqlite-raw-log.ts';
import type { AuditSeal } from '../../ports/audit-seal.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Closing } from '../closing.ts';
import { pathsIn } from '../paths.ts';
import { startSealing } from './seal.ts';

/** Seals the log that the settings name, as they say. */
export function startAudit(
  config: Config,
  { logger, clock, closing }: { readonly logger: Logger; readonly clock: () => number; readonly closing: Closing },
): AuditSeal {
  const paths = pathsIn(config.dataDir);
  return startSealing(
    {
      sealedPath: paths.sealed,
      keyPath: paths.auditKey,
      makesKey: true,
      openLog: async () => openSqliteRawLog(paths.events),
      eventsPerCheckpoint: 10_000,
      longestWaitMs: 60_000,
      clock,
      logger,
    },
    closing,
  );
}
