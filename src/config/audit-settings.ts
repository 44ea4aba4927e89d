import { filePath, wholeNumber, witness } from './parsers.ts';
import { setting } from './setting.ts';

const audit = { group: 'Audit' };

/** How the log is sealed: see docs/operating.md. */
export const auditSettings = {
  auditWitness: setting({
    ...audit,
    name: 'ANNALS_AUDIT_WITNESS',
    description:
      'Where signed checkpoints of the log are written as well, best where nobody who can change the log can change them: ' +
      'file:PATH (a JSON line for each), dir:PATH (a file for each, never written over), or stdout.',
    defaultText: 'unset: they are kept in the data directory only',
    example: 'dir:/mnt/witness/annals',
    schema: witness,
  }),
  auditKeyFile: setting({
    ...audit,
    name: 'ANNALS_AUDIT_KEY_FILE',
    description: 'Ed25519 private key (PEM) that signs checkpoints, readable by its owner only.',
    defaultText:
      'audit-key.pem in the data directory, made on first start; made of ANNALS_MASTER_KEY where processes share a log',
    example: '/run/secrets/annals-audit.pem',
    schema: filePath,
  }),
  auditSealEvents: setting({
    ...audit,
    name: 'ANNALS_AUDIT_SEAL_EVENTS',
    description: 'A checkpoint is made as soon as so many events wait for one.',
    defaultText: '10000',
    example: '1000',
    schema: wholeNumber({ min: 1, max: 100_000, fallback: 10_000 }),
  }),
  auditSealMs: setting({
    ...audit,
    name: 'ANNALS_AUDIT_SEAL_MS',
    description: 'How long an event waits for a checkpoint at most, in milliseconds.',
    defaultText: '60000',
    example: '10000',
    schema: wholeNumber({ min: 1_000, max: 24 * 60 * 60_000, fallback: 60_000, unit: 'milliseconds' }),
  }),
};
