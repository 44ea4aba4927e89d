import type { Command } from 'commander';
import { isRecord, type ApiClient } from '../api-client.ts';
import { write } from '../output.ts';
import { withServer } from '../target.ts';
import { addCopyLog } from './copy-log.ts';

interface Filter {
  readonly after?: string;
  readonly category?: string;
  readonly type?: string;
  readonly stream?: string;
  readonly actor?: string;
  readonly correlationId?: string;
  readonly json?: boolean;
}

export function addEvents(program: Command): void {
  const events = program.command('events').description('read the log');

  addCopyLog(events);
  filters(events.command('export'))
    .description('write events as JSON lines to standard output, from the first to the last')
    .action(async (filter: Filter) => {
      await withServer(async (api) => {
        let after: unknown = filter.after ?? 0;
        for (;;) {
          const { body } = await api.request(
            'GET',
            `/api/v1/events?${query({ ...filter, after: String(after), limit: '200' })}`,
          );
          if (!isRecord(body) || !Array.isArray(body['items'])) return;
          for (const item of body['items']) await write(`${JSON.stringify(item)}\n`);
          // A page that moved nothing was the last one.
          if (body['nextAfter'] === null || body['nextAfter'] === after) return;
          after = body['nextAfter'];
        }
      });
    });

  filters(events.command('tail'))
    .description('print events as they happen, until interrupted')
    .action(async (filter: Filter) => {
      const abort = new AbortController();
      process.once('SIGINT', () => abort.abort());
      await untilAborted(abort.signal, async (api) => {
        let { after } = filter;
        // A feed ends with the token that opened it: the next one goes on where it was.
        while (!abort.signal.aborted) {
          const from = { ...filter, ...(after === undefined ? {} : { after }) };
          const body = await api.stream(`/api/v1/events/stream?${query(from)}`, abort.signal);
          for await (const item of feedItems(body)) {
            await write(filter.json ? `${JSON.stringify(item)}\n` : forPeople(item));
            after = String(item['position']);
          }
        }
      });
    });
}

/** Work that ends by being interrupted has not failed. */
async function untilAborted(signal: AbortSignal, work: (api: ApiClient) => Promise<void>): Promise<void> {
  try {
    await withServer(work);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function filters(command: Command): Command {
  return command
    .option('--after <position>', 'begin after this position')
    .option('--category <category>', 'only streams of this category, such as mcp')
    .option('--type <type>', 'only events of this type, such as McpRegistered')
    .option('--stream <stream>', 'only this stream')
    .option('--actor <actor>', 'only what this actor caused, such as user:<id>')
    .option('--correlation-id <id>', 'only what belongs to this request')
    .option('--json', 'JSON lines instead of a line for people (tail)');
}

function query(parameters: Filter & { readonly limit?: string }): string {
  const given = Object.entries(parameters).filter(([name, value]) => name !== 'json' && value !== undefined);
  return new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
}

/** Reads a server-sent event stream to its end: `data:` lines carry the items. */
async function* feedItems(body: ReadableStream<Uint8Array>): AsyncGenerator<Readonly<Record<string, unknown>>> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const item: unknown = line.startsWith('data:') ? JSON.parse(line.slice(5)) : undefined;
      if (isRecord(item)) yield item;
    }
  }
}

function forPeople(item: Readonly<Record<string, unknown>>): string {
  const metadata = isRecord(item['metadata']) ? item['metadata'] : {};
  const { position, type, stream } = item;
  return `${String(position).padStart(8)}  ${String(metadata['occurredAt'])}  ${String(type).padEnd(24)} ${String(stream)}  by ${String(metadata['actor'])}\n`;
}
