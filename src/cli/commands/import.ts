import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { isRecord, type ApiClient } from '../api-client.ts';
import { awaitDiscovery, type DiscoveryResult } from '../await-discovery.ts';
import { CliError } from '../cli-error.ts';
import { createProgress, printJson, printTable } from '../output.ts';
import { withServer } from '../target.ts';

type Item = Readonly<Record<string, unknown>>;

/** How long the servers have to tell what they offer: some are downloaded first. */
const discoveryTimeoutMs = 60_000;

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
        const discoveries = await discoveriesOf(api, items);
        const known = items.map((item) => ({ item, discovery: discoveries.get(String(item['id'])) }));
        if (options.json)
          printJson({ items: known.map(({ item, discovery }) => ({ ...item, ...discovered(discovery) })) });
        else printTable(known.map(row), ['SERVER', 'STATUS', 'TOOLS', 'NOTE'], 'the file names no servers');
        if (items.some(({ status }) => status === 'failed')) throw new CliError('not every server could be registered');
      });
    });
}

/** The registered servers are asked after the import was answered: a table without their tools would tell little. */
async function discoveriesOf(api: ApiClient, items: readonly Item[]): Promise<ReadonlyMap<string, DiscoveryResult>> {
  const ids = items.flatMap(({ id, status }) => (status === 'registered' && typeof id === 'string' ? [id] : []));
  if (ids.length === 0) return new Map();
  if (!process.stderr.isTTY) return awaitDiscovery(api, ids, discoveryTimeoutMs, () => undefined);
  const progress = createProgress('asking for tools');
  try {
    return await awaitDiscovery(api, ids, discoveryTimeoutMs, (done) => {
      progress.show(done, ids.length, `${done} of ${ids.length} servers`);
    });
  } finally {
    progress.end();
  }
}

function row({
  item,
  discovery,
}: {
  readonly item: Item;
  readonly discovery: DiscoveryResult | undefined;
}): readonly string[] {
  const { source, status, reason, errors } = item;
  const faults = Array.isArray(errors) ? errors.filter(isRecord) : [];
  const details = faults.map((fault) => `${String(fault['pointer'])}: ${String(fault['detail'])}`);
  const silence = discovery?.status === 'pending' ? 'has not told its tools yet' : discovery?.error;
  const note = [reason, ...details, silence].filter((part) => typeof part === 'string').join('; ');
  return [String(source), String(status), discovery?.toolCount?.toString() ?? '', note];
}

function discovered(discovery: DiscoveryResult | undefined): object {
  if (discovery === undefined) return {};
  const { status, toolCount, error } = discovery;
  return { discovery: { status, ...(error === null ? {} : { error }) }, toolCount };
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
