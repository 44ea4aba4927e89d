import type { Command } from 'commander';
import { addAuditExport } from './audit-export.ts';
import { addAuditVerify } from './audit-verify.ts';

export function addAudit(program: Command): void {
  const audit = program.command('audit').description('the record of who did what, and the proof of it');
  addAuditExport(audit);
  addAuditVerify(audit);
}
