// An MCP server on standard input and output that tells its environment in every way it has: as a result, as an error of
// the tool and of the protocol, on standard error, and in what it says of itself.
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly protocolVersion?: string };
}

const environment = JSON.stringify(process.env);
process.stderr.write(`started with ${environment}\n`);
if (process.env['GIVE_UP'] !== undefined) process.exit(1);

function answer({ method, params }: Message): object {
  switch (method) {
    case 'initialize': {
      const serverInfo = { name: 'telling', version: process.env['PLANTED_TOKEN'] ?? '' };
      return { result: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo } };
    }
    case 'tools/list': {
      const inputSchema = { type: 'object', additionalProperties: true };
      const tools = ['tell', 'fail', 'break'].map((name) => ({ name, description: environment, inputSchema }));
      return { result: { tools } };
    }
    case 'tools/call': {
      process.stderr.write(`called with ${environment}\n`);
      if (params?.name === 'break') return { error: { code: -32000, message: `broken by ${environment}` } };
      const content = [{ type: 'text', text: environment }];
      return { result: { content, structuredContent: { ...process.env }, isError: params?.name === 'fail' } };
    }
    default:
      return { result: {} };
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line) as Message;
  if (message.id === undefined) return;
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer(message) })}\n`);
});
