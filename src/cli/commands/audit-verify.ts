import { closeSync, createReadStream, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { openWitness } from '../../app/audit/start-audit.ts';
import { parseCheckpoint } from '../../audit/checkpoint.ts';
import { parseKey, type PublicKey } from '../../audit/note.ts';
import { verifyExport, type ExportOutcome, type VerifyOptions } from '../../audit/verify/verify-export.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { createCounter, printJson } from '../output.ts';

interface VerifyCommand {
  readonly publicKey?: string;
  readonly checkpoint?: string;
  readonly json?: boolean;
}

/** Bytes that are read at one time. */
const CHUNK = 1024 * 1024;

const help = `
Needs nothing but the file: no server, no network, no settings. The file names the key that signed it; whoever made the file could
have named another, so pin the key with --public-key where it matters (GET /api/v1/audit/checkpoints tells it). A log that
was cut off before it was exported is seen only against a checkpoint that was kept elsewhere: --checkpoint.

Exit codes: 0 as it was sealed, 1 not as it was sealed, 2 wrong usage. The format: docs/audit-format.md.`;

export function addAuditVerify(audit: Command): void {
  audit
    .command('verify')
    .argument('<file>', 'what `annals audit export FILE` wrote')
    .description('verify a sealed record and name the first position that is not as it was sealed')
    .option('--public-key <key>', 'the key that has to have signed: annals/…+…+…, or a file that holds it')
    .option('--checkpoint <path>', 'a checkpoint kept elsewhere: one file of it, a witness file or a witness directory')
    .option('--json', 'print the outcome as JSON')
    .addHelpText('after', help)
    .action(async (file: string, { publicKey, checkpoint, json }: VerifyCommand) => {
      const trusted = publicKey === undefined ? undefined : keyOf(publicKey);
      const witness = checkpoint === undefined ? undefined : witnessAt(checkpoint);
      const counter = createCounter('verified', 'events');
      const outcome = await verifyExport(createReadStream(file, { highWaterMark: CHUNK }), {
        ...(trusted !== undefined && { trusted }),
        ...(witness !== undefined && { witness }),
        onProgress: (events) => counter.show(events),
      });
      counter.end();
      if (json) printJson(outcome);
      else console.log(described(outcome, trusted !== undefined));
      if (!outcome.ok) throw new CliError('the record is not as it was sealed');
    });
}

function keyOf(given: string): PublicKey {
  const isFile = statSync(given, { throwIfNoEntry: false })?.isFile() === true;
  const key = parseKey((isFile ? readFileSync(given, 'utf8') : given).trim());
  if (key === undefined)
    throw new UsageError('--public-key is no key of the form annals/…+…+…, and no file that holds one');
  return key;
}

/** A witness directory, a witness file, or a file that is one checkpoint. */
function witnessAt(path: string): NonNullable<VerifyOptions['witness']> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new UsageError(`--checkpoint: there is no ${path}`);
  const kind = status.isDirectory() ? 'directory' : beginsLikeJson(path) ? 'file' : undefined;
  if (kind !== undefined) {
    const { last, read } = openWitness({ kind, path });
    if (last !== undefined && read !== undefined) return { last, read };
  }
  const signed = readFileSync(path, 'utf8');
  const sequence = parseCheckpoint(signed.slice(0, signed.indexOf('\n\n') + 1))?.sequence;
  if (sequence === undefined) throw new UsageError(`--checkpoint: ${path} holds no checkpoint`);
  return { last: async () => sequence, read: async (asked) => (asked === sequence ? signed : undefined) };
}

function beginsLikeJson(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const first = Buffer.alloc(1);
    return readSync(file, first, 0, 1, 0) === 1 && first.toString() === '{';
  } finally {
    closeSync(file);
  }
}

function described(outcome: ExportOutcome, isPinned: boolean): string {
  const { ok, origin, events, checkpoints, position, firstBad, key, kind, witnessed } = outcome;
  const lines: string[] = [];
  if (ok && kind === 'selection')
    lines.push(`${events} events are in ${String(origin)} as it was sealed up to position ${position}.`);
  else if (ok && origin === null) lines.push('There is nothing in the file: no event was sealed yet.');
  else if (ok)
    lines.push(`All ${events} events of ${String(origin)}, up to position ${position}, are as they were sealed.`);
  if (firstBad !== null) {
    const { position: at, through, fault, detail } = firstBad;
    const place = through === undefined ? `position ${at}` : `position ${at} (somewhere up to ${through})`;
    lines.push(`FIRST BAD: ${place}: ${fault}: ${detail}.`);
  }
  lines.push(
    `Checkpoints that hold: ${checkpoints}.${witnessed === null ? '' : ` The same at the witness: ${witnessed}.`}`,
    ...(key === null
      ? []
      : [`Key: ${key}${isPinned ? '' : '\n(as the file says: nothing else vouches for it; see --public-key)'}`]),
  );
  return lines.join('\n');
}
