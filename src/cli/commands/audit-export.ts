import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { UsageError } from '../cli-error.ts';
import { write } from '../output.ts';
import { withServer } from '../target.ts';

interface ExportOptions {
  readonly format?: string;
  readonly from?: string;
  readonly to?: string;
  readonly actor?: string;
  readonly output?: string;
}

export function addAuditExport(audit: Command): void {
  audit
    .command('export')
    .argument('[file]', 'write the sealed record here: all events with signed checkpoints, for `annals audit verify`')
    .description('write the sealed record to a file, or the audit trail as text')
    .addOption(new Option('--format <format>', 'the audit trail as text').choices(['jsonl', 'csv', 'sealed']))
    .option('--from <time>', 'RFC 3339 (not with the sealed record, which is of the whole log)')
    .option('--to <time>', 'RFC 3339')
    .option('--actor <actor>', 'only what this actor did')
    .option('--output <file>', 'write here')
    .action(async (file: string | undefined, { output, format, ...filter }: ExportOptions) => {
      if (file !== undefined && output !== undefined) throw new UsageError('name the file once');
      const target = file ?? output;
      const chosen = format ?? (file === undefined ? 'jsonl' : 'sealed');
      const given = Object.entries({ format: chosen, ...filter }).map(([name, value]): [string, string] => [
        name,
        value,
      ]);
      await withServer(async (api) => {
        const body = await api.stream(`/api/v1/audit/export?${new URLSearchParams(given).toString()}`);
        if (target === undefined) for await (const chunk of body) await write(chunk);
        else await pipeline(body, createWriteStream(target, { mode: 0o600 }));
      });
    });
}
