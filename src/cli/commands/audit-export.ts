import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { UsageError } from '../cli-error.ts';
import { createCounter, write } from '../output.ts';
import { withServer } from '../target.ts';

interface ExportOptions {
  readonly format?: string;
  readonly output?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly outcome?: string;
  readonly correlationId?: string;
  readonly from?: string;
  readonly to?: string;
  readonly q?: string;
  readonly asOf?: string;
}

const help = `
  annals audit export record.sealed       the whole log with its proof, for \`annals audit verify\`
  annals audit export part.sealed --actor user:<id>
                                          these events only, each with the proof that it is in the log
  annals audit export --format csv        the audit trail as text, to standard output

The server seals what is new first. A file of everything is as large as the log and 45 bytes more for each event.`;

export function addAuditExport(audit: Command): void {
  audit
    .command('export')
    .argument('[file]', 'write the sealed record here')
    .description('write the sealed record to a file, or the audit trail as text')
    .addOption(
      new Option('--format <format>', 'default: sealed with a file, else jsonl').choices(['jsonl', 'csv', 'sealed']),
    )
    .option('--output <file>', 'write here, in any format')
    .option('--actor <actor>', 'only what this actor did')
    .option('--action <type>', 'only events of this type')
    .option('--resource <resource>', 'only what was done to this stream')
    .addOption(new Option('--outcome <outcome>', 'only what ended so').choices(['succeeded', 'failed', 'denied']))
    .option('--correlation-id <id>', 'only what belongs to this request')
    .option('--from <time>', 'RFC 3339')
    .option('--to <time>', 'RFC 3339')
    .option('--q <words>', 'only what has these words')
    .option('--as-of <time or position>', 'the trail as it was')
    .addHelpText('after', help)
    .action(async (file: string | undefined, { output, format, ...filter }: ExportOptions) => {
      if (file !== undefined && output !== undefined) throw new UsageError('name the file once');
      const target = file ?? output;
      const chosen = format ?? (file === undefined ? 'jsonl' : 'sealed');
      if (chosen === 'sealed' && target === undefined) throw new UsageError('the sealed record needs a file');
      const given: [string, string][] = Object.entries({ format: chosen, ...filter });
      await withServer(async (api) => {
        const body = await api.stream(`/api/v1/audit/export?${new URLSearchParams(given).toString()}`);
        if (target === undefined) for await (const chunk of body) await write(chunk);
        else await pipeline(body, counting(), createWriteStream(target, { mode: 0o600 }));
      });
    });
}

/** Shows how much has been written while it is. */
function counting(): Transform {
  const counter = createCounter('written', 'MB');
  let bytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length;
      counter.show(bytes / 1e6);
      done(null, chunk);
    },
    flush(done) {
      counter.end();
      done();
    },
  });
}
