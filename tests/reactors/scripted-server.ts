import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema, type Tool } from '@modelcontextprotocol/sdk/types.js';
import { onTestFinished } from 'vitest';
import type { ToolResult } from '../../src/domain/execution/result.ts';
import type { Transport } from '../../src/domain/mcp/definition.ts';
import { until } from '../upstream/support.ts';

export interface Asked {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Aborted when the caller says that it no longer waits. */
  readonly signal: AbortSignal;
  readonly progress: (progress: number, total?: number) => Promise<void>;
}

/** What a server does is in the test's hand, and may change while it runs. */
export interface Script {
  tools: Tool[] | Error;
  call: (asked: Asked) => Promise<ToolResult> | ToolResult;
}

export interface ScriptedServer {
  readonly transport: Transport;
  readonly script: Script;
  /** The calls that have come, in order. */
  readonly calls: readonly Asked[];
  /** How many sessions were opened. */
  readonly sessions: () => number;
  /** Says to everybody connected that the tools are others now. */
  announce(): Promise<void>;
  stop(): Promise<void>;
}

export const echo: Tool = {
  name: 'echo',
  inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
};

export const text = (words: string): ToolResult => ({ content: [{ type: 'text', text: words }] });

/** A real MCP server over streamable HTTP, by the official SDK, in this process. */
export async function startScriptedServer(script: Partial<Script> = {}): Promise<ScriptedServer> {
  const live: Script = {
    tools: [echo],
    call: (asked) => text(String(asked.arguments['message'])),
    ...script,
  };
  const calls: Asked[] = [];
  const open = new Map<
    string,
    { readonly server: McpServer['server']; readonly transport: StreamableHTTPServerTransport }
  >();
  const streams: ServerResponse[] = [];
  let sessions = 0;

  async function openSession(): Promise<StreamableHTTPServerTransport> {
    sessions++;
    const { server } = new McpServer(
      { name: 'scripted', version: '1.0.0' },
      { capabilities: { tools: { listChanged: true } } },
    );
    server.setRequestHandler(ListToolsRequestSchema, () => {
      if (live.tools instanceof Error) throw live.tools;
      return { tools: live.tools };
    });
    server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
      const progressToken = params._meta?.progressToken;
      const asked: Asked = {
        name: params.name,
        arguments: params.arguments ?? {},
        signal: extra.signal,
        async progress(progress, total) {
          if (progressToken === undefined) return;
          const reached = { progressToken, progress, ...(total === undefined ? {} : { total }) };
          await extra.sendNotification({ method: 'notifications/progress', params: reached });
        },
      };
      calls.push(asked);
      return { ...(await live.call(asked)) };
    });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void open.set(id, { server, transport }),
    });
    await server.connect(transport);
    return transport;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? open.get(id)?.transport : undefined;
    if (request.method === 'GET') streams.push(response);
    await (known ?? (await openSession())).handleRequest(request, response);
  }

  const http = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;

  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= new Promise((resolve) => {
      http.close(() => resolve());
      http.closeAllConnections();
    }));
  onTestFinished(stop);
  return {
    transport: { type: 'streamable-http', url: `http://127.0.0.1:${port}/mcp` },
    script: live,
    calls,
    sessions: () => sessions,
    async announce() {
      await until(() => streams.some(({ headersSent }) => headersSent), 'somebody listens');
      for (const { server } of open.values()) await server.sendToolListChanged();
    },
    stop,
  };
}
