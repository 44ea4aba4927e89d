import { startTcpProxy, type Watch } from '../../support/tcp-proxy.ts';

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
  let seen = 0;
  let trap: { readonly at: number; readonly spring: Watch } | undefined;
  let overloaded = 0;
  let held: (() => void)[] | undefined;

  const proxy = await startTcpProxy({ host: hostname, port: Number(port) }, (bytes, way) => {
    const begins = REQUEST.test(bytes.subarray(0, 10).toString('latin1'));
    if (begins) seen += 1;
    if (begins && overloaded > 0) {
      overloaded -= 1;
      // What may still come of the request has nobody to go to.
      way.client.removeAllListeners('data').resume().end(OVERLOADED);
      return false;
    }
    if (held !== undefined) {
      held.push(() => way.upstream.write(bytes));
      return false;
    }
    if (trap === undefined || seen < trap.at) return true;
    const { spring } = trap;
    trap = undefined;
    return spring(bytes, way);
  });

  return {
    url: `http://${proxy.host}:${proxy.port}`,
    requests: () => seen,
    cutAt(request, moment) {
      seen = 0;
      trap = {
        at: request,
        spring(_bytes, { upstream }) {
          if (moment === 'before') {
            proxy.cut();
            return false;
          }
          upstream.removeAllListeners('data');
          upstream.once('data', () => proxy.cut());
          return true;
        },
      };
    },
    holdAt(request) {
      seen = 0;
      return new Promise((resolve) => {
        trap = {
          at: request,
          spring(bytes, { upstream }) {
            held = [() => upstream.write(bytes)];
            resolve();
            return false;
          },
        };
      });
    },
    overload(requests) {
      overloaded = requests;
    },
    heal() {
      proxy.heal();
      overloaded = 0;
      trap = undefined;
      const waiting = held ?? [];
      held = undefined;
      for (const send of waiting) send();
    },
    close: () => proxy.close(),
  };
}
