import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { isRecord } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import { printJson, printTable } from '../output.ts';
import { withServer } from '../target.ts';

export function addImport(program: Command): void {
  program
    .command('import')
    .description('register the servers of an mcpServers file (as desktop clients have it) or of a server.json')
    .argument('<file>', '- reads standard input')
    .option('--json', 'print the answer as JSON')
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const document = parse(file, await read(file));
      await withServer(async (api) => {
        const { body } = await api.request('POST', '/api/v1/mcps/import', document);
        const items = isRecord(body) && Array.isArray(body['items']) ? body['items'].filter(isRecord) : [];
        if (options.json) printJson(body);
        else printTable(items.map(row), ['SERVER', 'STATUS', 'TOOLS', 'NOTE'], 'the file names no servers');
        if (items.some(({ status }) => status === 'failed')) throw new CliError('not every server could be registered');
      });
    });
}

function row(item: Readonly<Record<string, unknown>>): readonly string[] {
  const { source, status, toolCount, reason, errors, discoveryError } = item;
  const faults = Array.isArray(errors) ? errors.filter(isRecord) : [];
  const details = faults.map((fault) => `${String(fault['pointer'])}: ${String(fault['detail'])}`);
  const note = [reason, ...details, discoveryError].filter((part) => typeof part === 'string').join('; ');
  return [String(source), String(status), typeof toolCount === 'number' ? String(toolCount) : '', note];
}

async function read(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parse(file: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new CliError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
