import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { write } from '../output.ts';
import { withServer } from '../target.ts';

interface ExportOptions {
  readonly format: string;
  readonly from?: string;
  readonly to?: string;
  readonly actor?: string;
  readonly output?: string;
}

export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('the record of who did what')
    .command('export')
    .description('write the audit log to standard output or a file')
    .addOption(new Option('--format <format>').choices(['jsonl', 'csv']).default('jsonl'))
    .option('--from <time>', 'RFC 3339')
    .option('--to <time>', 'RFC 3339')
    .option('--actor <actor>', 'only what this actor did')
    .option('--output <file>', 'write here')
    .action(async ({ output, ...filter }: ExportOptions) => {
      const given = Object.entries(filter).map(([name, value]): [string, string] => [name, value]);
      await withServer(async (api) => {
        const body = await api.stream(`/api/v1/audit/export?${new URLSearchParams(given).toString()}`);
        if (output === undefined) for await (const chunk of body) await write(chunk);
        else await pipeline(body, createWriteStream(output, { mode: 0o600 }));
      });
    });
}
