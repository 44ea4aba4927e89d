import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An MCP server over streamable HTTP whose tools behave in the ways that calls can end. */
export interface ToolServer {
  readonly url: string;
  /** Calls of `wait` that wait now. */
  readonly waiting: number;
  /** Lets all calls of `wait` answer. */
  release(): void;
  close(): Promise<void>;
}

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: Record<string, unknown>; protocolVersion?: string };
}

const anything = { type: 'object', properties: {}, additionalProperties: true };
const tools = [
  {
    name: 'echo',
    description: 'Answers the message it was given',
    inputSchema: {
      type: 'object',
      properties: { message: { type: 'string' } },
      required: ['message'],
      additionalProperties: false,
    },
  },
  { name: 'fail', description: 'Answers an error of its own', inputSchema: anything },
  { name: 'wait', description: 'Answers when the test lets it', inputSchema: anything },
  { name: 'large', description: 'Answers 200 KB', inputSchema: anything },
];

interface ToolServerOptions {
  /** Characters that `large` answers; 200,000 unless told. */
  readonly large?: number;
  /** Tools besides the usual ones; a call of one answers its message. */
  readonly more?: readonly object[];
}

export async function startToolServer({ large = 200_000, more = [] }: ToolServerOptions = {}): Promise<ToolServer> {
  const held = new Set<() => void>();

  const resultOf = async ({ method, params }: Message): Promise<unknown> => {
    if (method === 'initialize') {
      const serverInfo = { name: 'tool-server', version: '1.0.0' };
      return { protocolVersion: params?.protocolVersion ?? '2025-11-25', capabilities: { tools: {} }, serverInfo };
    }
    if (method === 'tools/list') return { tools: [...tools, ...more] };
    if (method !== 'tools/call') return {};
    const message = params?.arguments?.['message'];
    const text = typeof message === 'string' ? message : '';
    switch (params?.name) {
      case 'fail':
        return { isError: true, content: [{ type: 'text', text: 'it did not work' }] };
      case 'wait': {
        await new Promise<void>((resolve) => void held.add(resolve));
        return { content: [{ type: 'text', text: 'waited' }] };
      }
      case 'large':
        return { content: [{ type: 'text', text: 'x'.repeat(large) }] };
      default:
        return { content: [{ type: 'text', text }] };
    }
  };

  const server = createServer((request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = JSON.parse(Buffer.concat(chunks).toString()) as Message;
      if (message.id === undefined || message.method === undefined) return void response.writeHead(202).end();
      void resultOf(message).then((result) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    get waiting() {
      return held.size;
    },
    release() {
      for (const answer of held) answer();
      held.clear();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
