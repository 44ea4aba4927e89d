import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { verifyExport, type ExportOutcome } from '../../audit/verify/verify-export.ts';
import { CliError } from '../cli-error.ts';
import { printJson } from '../output.ts';

/** Bytes that are read at one time. */
const CHUNK = 1024 * 1024;

export function addAuditVerify(audit: Command): void {
  audit
    .command('verify')
    .argument('<file>', 'what `annals audit export FILE` wrote')
    .description('verify a sealed record, with nothing but the file')
    .option('--json', 'print the outcome as JSON')
    .action(async (file: string, { json }: { readonly json?: boolean }) => {
      const outcome = await verifyExport(createReadStream(file, { highWaterMark: CHUNK }));
      if (json) printJson(outcome);
      else console.log(described(outcome));
      if (!outcome.ok) throw new CliError('the record is not what was sealed');
    });
}

function described({ ok, origin, events, checkpoints, position, firstBad }: ExportOutcome): string {
  if (ok)
    return `${events} events of ${String(origin)} are as they were sealed, up to position ${position} (${checkpoints} checkpoints)`;
  if (firstBad === null) return 'the record does not hold';
  const { position: at, through, fault, detail } = firstBad;
  const place = through === undefined ? `position ${at}` : `positions ${at} to ${through}`;
  return `FIRST BAD POSITION ${at}: ${fault} (${place}): ${detail}`;
}
