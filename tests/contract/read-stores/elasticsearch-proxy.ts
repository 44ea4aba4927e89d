import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface ElasticsearchProxy {
  readonly url: string;
  /** Of requests that came since the last trap was set. */
  readonly requests: () => number;
  /** Ends all connections and every new one: `before` the n-th request from now reaches the server, or `after` it. */
  cutAt(request: number, moment: 'before' | 'after'): void;
  /** Holds back the n-th request from now and all after it. Answers when it has come. */
  holdAt(request: number): Promise<void>;
  /** Answers so many requests itself, as a server does that has no memory for them. */
  overload(requests: number): void;
  /** Lets through what was held back, and everything from then on. */
  heal(): void;
  close(): Promise<void>;
}

/** The first bytes of a request: every request is one of its own on a connection, after the answer to the last. */
const REQUEST = /^(?:GET|POST|PUT|DELETE|HEAD) \//;

const TRIPPED = JSON.stringify({ error: { type: 'circuit_breaking_exception', reason: 'no memory' }, status: 429 });
const OVERLOADED = [
  'HTTP/1.1 429 Too Many Requests',
  'Content-Type: application/vnd.elasticsearch+json;compatible-with=9',
  'X-Elastic-Product: Elasticsearch',
  `Content-Length: ${TRIPPED.length}`,
  'Connection: close',
  '',
  TRIPPED,
].join('\r\n');

/** A way to an Elasticsearch that fails, or waits, at a request which a test names. */
export async function startElasticsearchProxy(target: string): Promise<ElasticsearchProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let seen = 0;
  let trap:
    { readonly at: number; readonly spring: (upstream: Socket, client: Socket, bytes: Buffer) => void } | undefined;
  let isCut = false;
  let overloaded = 0;
  let held: (() => void)[] | undefined;

  function cut(): void {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  }

  function track(socket: Socket, other: Socket): void {
    sockets.add(socket);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  }

  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect({ host: hostname, port: Number(port) });
    track(client, upstream);
    track(upstream, client);
    upstream.on('data', (bytes) => client.write(bytes));
    client.on('data', (bytes) => {
      const begins = REQUEST.test(bytes.subarray(0, 10).toString('latin1'));
      if (begins) seen += 1;
      if (begins && overloaded > 0) {
        overloaded -= 1;
        // What may still come of the request has nobody to go to.
        client.removeAllListeners('data').resume().end(OVERLOADED);
        return;
      }
      if (held !== undefined) return void held.push(() => upstream.write(bytes));
      if (trap === undefined || seen < trap.at) return void upstream.write(bytes);
      const { spring } = trap;
      trap = undefined;
      spring(upstream, client, bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests: () => seen,
    cutAt(request, moment) {
      seen = 0;
      trap = {
        at: request,
        spring(upstream, _client, bytes) {
          if (moment === 'before') {
            cut();
            return;
          }
          upstream.removeAllListeners('data');
          upstream.once('data', cut);
          upstream.write(bytes);
        },
      };
    },
    holdAt(request) {
      seen = 0;
      return new Promise((resolve) => {
        trap = {
          at: request,
          spring(upstream, _client, bytes) {
            held = [() => upstream.write(bytes)];
            resolve();
          },
        };
      });
    },
    overload(requests) {
      overloaded = requests;
    },
    heal() {
      isCut = false;
      overloaded = 0;
      trap = undefined;
      const waiting = held ?? [];
      held = undefined;
      for (const send of waiting) send();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
