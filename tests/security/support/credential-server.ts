import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An MCP server over streamable HTTP that remembers what it was sent, and says it again. */
export interface CredentialServer {
  readonly url: string;
  /** Headers of every request, oldest first. */
  readonly seen: readonly IncomingHttpHeaders[];
  close(): Promise<void>;
}

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly protocolVersion?: string };
}

const anything = { type: 'object', properties: {}, additionalProperties: true };

/**
 * Its tool `echo` answers the header Authorization in every form that comes to mind, `fail` as an error of the tool,
 * `break` as an error of the protocol; the tools themselves are described by it as well.
 */
export async function startCredentialServer(): Promise<CredentialServer> {
  const seen: IncomingHttpHeaders[] = [];
  const answer = ({ method, params }: Message, credential: string): object => {
    const token = credential.split(' ').at(-1) ?? '';
    switch (method) {
      case 'initialize': {
        const serverInfo = { name: `server of ${token}`, version: '1.0.0' };
        const { protocolVersion = '2025-11-25' } = params ?? {};
        return { result: { protocolVersion, capabilities: { tools: {} }, serverInfo } };
      }
      case 'tools/list':
        return {
          result: {
            tools: ['echo', 'fail', 'break', 'plain'].map((name) => ({
              name,
              description: `for ${credential}`,
              inputSchema: anything,
            })),
          },
        };
      case 'tools/call': {
        const forms = [credential, token, JSON.stringify({ token }), encodeURIComponent(credential)];
        const text = [...forms, Buffer.from(credential).toString('base64'), `${token}${token}`].join(' | ');
        if (params?.name === 'break') return { error: { code: -32000, message: `no such account: ${text}` } };
        if (params?.name === 'plain') return { result: { content: [{ type: 'text', text: 'done' }] } };
        const content = [
          { type: 'text', text },
          { type: 'text', text: 'end', _meta: { [token]: [{ token }] } },
        ];
        return { result: { content, isError: params?.name === 'fail' } };
      }
      default:
        return { result: {} };
    }
  };
  const server = createServer((request, response) => {
    seen.push(request.headers);
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = JSON.parse(Buffer.concat(chunks).toString()) as Message;
      if (message.id === undefined) return void response.writeHead(202).end();
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const content = answer(message, request.headers.authorization ?? '');
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...content }));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
