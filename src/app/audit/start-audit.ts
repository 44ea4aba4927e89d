import { existsSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { auditKeyOf, loadAuditKey } from '../../config/audit-key.ts';
import type { WitnessPlace } from '../../config/parsers.ts';
import { openDirectoryWitness } from '../../infrastructure/audit/directory-witness.ts';
import { openFileWitness } from '../../infrastructure/audit/file-witness.ts';
import { openStdoutWitness } from '../../infrastructure/audit/stdout-witness.ts';
import type { Witness } from '../../ports/audit-record.ts';
import type { AuditSeal } from '../../ports/audit-seal.ts';
import type { Coordination } from '../../ports/coordination.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Closing } from '../closing.ts';
import { openRawLog } from '../engines/event-log.ts';
import { pathsIn } from '../paths.ts';
import { startSealing, type SealOptions } from './seal.ts';

export interface AuditParts {
  readonly logger: Logger;
  readonly clock: () => number;
  readonly closing: Closing;
  readonly coordination: Coordination;
  /** Other processes may write the same log. */
  readonly isShared: boolean;
  /** What the signing key is made of where the log is shared. */
  readonly keySeed: Buffer;
}

/** Seals the log that the settings name, as they say. @throws ConfigError the key that a setting names cannot be used */
export function startAudit(config: Config, parts: AuditParts): AuditSeal {
  const { logger, clock, closing, coordination, isShared, keySeed } = parts;
  const { auditKeyFile, auditWitness, auditSealEvents, auditSealMs, roles } = config;
  const paths = pathsIn(config.dataDir);
  const named = auditKeyFile === undefined ? undefined : loadAuditKey(auditKeyFile, false);
  const own = () => loadAuditKey(paths.auditKey, !existsSync(paths.sealed));
  const options: SealOptions = {
    sealedPath: paths.sealed,
    sealedBeforePath: paths.sealedBefore,
    key: () => named ?? (isShared ? auditKeyOf(keySeed) : own()),
    openLog: () => openRawLog(config),
    sealing: !isShared ? 'alone' : roles.includes('projector') ? coordination.leases : 'elsewhere',
    eventsPerCheckpoint: auditSealEvents,
    longestWaitMs: auditSealMs,
    clock,
    logger,
    ...(auditWitness !== undefined && { witness: { kind: auditWitness.kind, open: () => openWitness(auditWitness) } }),
  };
  return startSealing(options, closing);
}

/** The witness that a setting names. */
export function openWitness(place: WitnessPlace): Witness {
  switch (place.kind) {
    case 'file':
      return openFileWitness(place.path);
    case 'directory':
      return openDirectoryWitness(place.path);
    case 'stdout':
      return openStdoutWitness();
  }
}
