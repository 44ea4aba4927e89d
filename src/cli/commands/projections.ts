import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { isRecord, type ApiClient } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import { createProgress, printJson, printTable } from '../output.ts';
import { withServer } from '../target.ts';

interface JsonOption {
  readonly json?: boolean;
}

const base = '/api/v1/projections';

export function addProjections(program: Command): void {
  const projections = program.command('projections').description('look at read models, rebuild them, go back');

  projections
    .command('list')
    .description('every read model, how far it is, and what is parked')
    .option('--json', 'print the answer as JSON')
    .action(async ({ json }: JsonOption) => {
      await withServer(async (api) => {
        const { body } = await api.request('GET', base);
        if (json) {
          printJson(body);
          return;
        }
        const items = isRecord(body) && Array.isArray(body['items']) ? body['items'].filter(isRecord) : [];
        const columns = ['name', 'store', 'version', 'position', 'lag', 'status', 'deadLetters'];
        const rows = items.map((item) => columns.map((column) => String(item[column])));
        printTable(rows, ['NAME', 'STORE', 'VERSION', 'POSITION', 'LAG', 'STATUS', 'DEAD LETTERS'], 'none');
      });
    });

  projections
    .command('rebuild')
    .description('build a read model anew from the log, beside the live one, and switch to it')
    .argument('<name>', 'a read model, or "all"')
    .option('--follow', 'wait for the end and show the progress')
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, options: JsonOption & { readonly follow?: boolean }) => {
      await withServer(async (api) => {
        for (const each of name === 'all' ? await names(api) : [name]) await rebuild(api, each, options);
      });
    });

  projections
    .command('rollback')
    .description('make the version before the last rebuild live again')
    .argument('<name>')
    .option('--json', 'print the answer as JSON')
    .action(async (name: string, { json }: JsonOption) => {
      await withServer(async (api) => {
        const { body } = await api.request('POST', `${base}/${encodeURIComponent(name)}/rollback`, {});
        if (json) printJson(body);
        else console.log(`${name} is at version ${isRecord(body) ? String(body['version']) : '?'} again`);
      });
    });
}

async function names(api: ApiClient): Promise<readonly string[]> {
  const { body } = await api.request('GET', base);
  const items = isRecord(body) && Array.isArray(body['items']) ? body['items'].filter(isRecord) : [];
  return items.map((item) => String(item['name']));
}

async function rebuild(
  api: ApiClient,
  name: string,
  { follow, json }: JsonOption & { readonly follow?: boolean },
): Promise<void> {
  const path = `${base}/${encodeURIComponent(name)}`;
  let { body } = await api.request('POST', `${path}/rebuild`, {});
  const id = isRecord(body) ? String(body['id']) : '';
  if (!follow) {
    if (json) printJson(body);
    else console.log(`rebuild ${id} of ${name} has begun: annals projections list shows how far it is`);
    return;
  }
  const progress = createProgress(name.padEnd(16));
  while (isRecord(body) && body['status'] === 'running') {
    await delay(200);
    ({ body } = await api.request('GET', `${path}/rebuilds/${id}`));
    if (isRecord(body)) progress.show(Number(body['done']), Number(body['total']), note(body));
  }
  progress.end();
  if (json) printJson(body);
  if (!isRecord(body) || body['status'] !== 'succeeded') {
    throw new CliError(`the rebuild of ${name} has failed: ${isRecord(body) ? String(body['error']) : ''}`);
  }
  if (!json) console.log(`${name} is live at version ${String(body['version'])}, ${String(body['done'])} events`);
}

function note({ eventsPerSecond, etaMs }: Readonly<Record<string, unknown>>): string {
  const rate = `${Math.round(Number(eventsPerSecond)).toLocaleString('en-US')} events/s`;
  return typeof etaMs === 'number' ? `${rate}, ${(etaMs / 1000).toFixed(1)} s left` : rate;
}
