import type { Command } from 'commander';
import { isRecord } from '../api-client.ts';
import { CliError, UsageError } from '../cli-error.ts';
import { printJson } from '../output.ts';
import { withServer } from '../target.ts';

interface CallOptions {
  readonly arg?: readonly string[];
  readonly json: boolean | string | undefined;
  readonly timeout?: string;
}

export function addCall(program: Command): void {
  program
    .command('call')
    .description('call a tool and print its result')
    .argument('<mcp>', 'name or id')
    .argument('<tool>')
    .option('--arg <key=value>', 'an argument; JSON where it parses, text otherwise', collect)
    .option('--json [object]', 'all arguments as a JSON object; without one, print the whole execution as JSON')
    .option('--timeout <ms>', 'give up after this many milliseconds')
    .action(async (mcp: string, tool: string, options: CallOptions) => {
      const args = argumentsOf(options);
      const timeoutMs = options.timeout === undefined ? {} : { timeoutMs: milliseconds(options.timeout) };
      await withServer(async (api) => {
        const found = await api.request('GET', `/api/v1/mcps/${encodeURIComponent(mcp)}`);
        const mcpId = isRecord(found.body) ? found.body['id'] : undefined;
        const { body } = await api.request('POST', '/api/v1/executions', {
          mcpId,
          tool,
          arguments: args,
          ...timeoutMs,
        });
        if (options.json === true) printJson(body);
        else printResult(body);
        if (isRecord(body) && body['status'] !== 'succeeded') {
          const message = isRecord(body['error']) ? String(body['error']['message']) : String(body['status']);
          throw new CliError(`the call has ${String(body['status'])}: ${message}`);
        }
      });
    });
}

function argumentsOf({ arg = [], json }: CallOptions): Readonly<Record<string, unknown>> {
  const pairs = arg.map((pair): [string, unknown] => {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new UsageError(`--arg ${pair}: must be key=value`);
    return [pair.slice(0, equals), jsonOrText(pair.slice(equals + 1))];
  });
  if (typeof json !== 'string') return Object.fromEntries(pairs);
  const parsed = jsonOrText(json);
  if (!isRecord(parsed)) throw new UsageError(`--json ${json}: must be a JSON object`);
  return { ...parsed, ...Object.fromEntries(pairs) };
}

function milliseconds(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--timeout ${text}: must be a number of milliseconds`);
  return Number(text);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function printResult(execution: unknown): void {
  const result = isRecord(execution) ? execution['result'] : undefined;
  const content = isRecord(result) && Array.isArray(result['content']) ? result['content'].filter(isRecord) : [];
  for (const block of content) {
    console.log(typeof block['text'] === 'string' ? block['text'] : JSON.stringify(block));
  }
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
