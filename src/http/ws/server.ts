import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Caller } from '../auth/use-recorder.ts';
import { anonymous } from '../auth/anonymous.ts';
import type { Credential } from '../auth/authenticator.ts';
import { credentialTextOf } from '../auth/bearer.ts';
import { useOf } from '../limits/request-use.ts';
import { originAllowed } from '../middleware/host-check.ts';
import type { AddressOf } from '../middleware/client-address.ts';
import { correlationIdOf } from '../middleware/correlation.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { problemDocument, problemMediaType } from '../problem/problem-document.ts';
import { problemOf } from '../problem/problem-of.ts';
import { closeCode, openConnection, type Connection, type ConnectionDeps } from './connection.ts';

export interface WebSocketDeps extends ConnectionDeps {
  readonly checkHost: (host: string | undefined) => void;
  readonly addressOf: AddressOf;
  readonly allowedOrigins: readonly string[];
}

export interface WebSocketSettings {
  readonly authenticateWithinMs: number;
  readonly pingMs: number;
  readonly renewMs: number;
  readonly mostConnections: number;
}

export const defaultWebSocketSettings: WebSocketSettings = {
  authenticateWithinMs: 5_000,
  pingMs: 30_000,
  renewMs: 5_000,
  mostConnections: 10_000,
};

/** Bytes of one message of a client: subscriptions are small. */
const maxPayload = 16 * 1024;

/** The `/ws` endpoint (RFC 6455) of an HTTP server. The answer closes every connection. */
export function attachWebSocket(
  server: Server,
  deps: WebSocketDeps,
  settings: WebSocketSettings = defaultWebSocketSettings,
): { close(): void } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false, clientTracking: false });
  const connections = new Map<WebSocket, { readonly connection: Connection; alive: boolean }>();

  const accept = async (request: IncomingMessage): Promise<Credential | undefined> => {
    deps.checkHost(request.headers.host);
    if (!originAllowed(request.headers.origin, request.headers.host, deps.allowedOrigins)) {
      throw new HttpProblem(403, 'origin_not_allowed', 'pages of this origin may not connect');
    }
    if (request.url !== '/ws') throw new HttpProblem(404, 'not_found', 'WebSockets are served at /ws, without a query');
    if (connections.size >= settings.mostConnections) {
      const headers = { 'Retry-After': '5' };
      throw new HttpProblem(503, 'too_many_connections', 'there are too many connections', { headers });
    }
    const credential = await credentialOf(request);
    await count(request, credential);
    return credential;
  };
  const credentialOf = async (request: IncomingMessage): Promise<Credential | undefined> => {
    const { authorization, 'x-api-key': key } = request.headers;
    if (authorization === undefined && key === undefined) return undefined;
    try {
      return await deps.authenticator.credentialOf(credentialTextOf(request.headers), callerOf(request, deps));
    } catch (error) {
      // A bad credential is a use, too.
      await count(request, undefined);
      throw error;
    }
  };
  const count = async (request: IncomingMessage, credential: Credential | undefined): Promise<void> => {
    await deps.limits.take(useOf('stream', credential?.principal ?? anonymous, deps.addressOf(request)));
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const broken = (error: Error): void => deps.logger.debug({ error }, 'a connection broke before it was upgraded');
    socket.on('error', broken);
    accept(request).then(
      (credential) => {
        socket.off('error', broken);
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          const connection = openConnection(
            deps,
            webSocket,
            callerOf(request, deps),
            credential,
            settings.authenticateWithinMs,
          );
          connections.set(webSocket, { connection, alive: true });
          webSocket.on('pong', () => {
            const entry = connections.get(webSocket);
            if (entry) entry.alive = true;
          });
          webSocket.on('close', () => void connections.delete(webSocket));
        });
      },
      (error: unknown) => refuse(request, socket, problemOf(error)),
    );
  };
  server.on('upgrade', onUpgrade);

  const ping = setInterval(() => {
    for (const [webSocket, entry] of connections) {
      if (!entry.alive) webSocket.terminate();
      entry.alive = false;
      webSocket.ping();
    }
  }, settings.pingMs);
  const renew = setInterval(() => {
    for (const { connection } of connections.values()) {
      connection.renew().catch((error: unknown) => deps.logger.warn({ error }, 'a credential could not be checked'));
    }
  }, settings.renewMs);
  ping.unref();
  renew.unref();

  return {
    close() {
      clearInterval(ping);
      clearInterval(renew);
      server.off('upgrade', onUpgrade);
      for (const { connection } of connections.values())
        connection.close(closeCode.goingAway, 'the server is stopping');
    },
  };
}

function callerOf(request: IncomingMessage, { addressOf }: WebSocketDeps): Caller {
  return { correlationId: correlationIdOf(request.headers['x-correlation-id']), remoteAddress: addressOf(request) };
}

function refuse(request: IncomingMessage, socket: Duplex, problem: HttpProblem): void {
  const correlationId = correlationIdOf(request.headers['x-correlation-id']);
  const path = (request.url ?? '/').replace(/\?.*$/, '');
  const body = JSON.stringify(problemDocument(problem, path, correlationId));
  const head = {
    ...problem.headers,
    'Content-Type': problemMediaType,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
