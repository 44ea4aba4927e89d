import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Calls that are measured, over all connections. */
  readonly calls: number;
  /** Calls before, which are not. */
  readonly warmup: number;
  /** The raw bytes of request n. */
  readonly request: (n: number) => string;
  /** Status that each answer must have; default 200. */
  readonly status?: number;
  /** Milliseconds between an answer and the next request of its connection; default 0. */
  readonly pauseMs?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * Sends requests over keep-alive connections, each of which waits for its answer before it sends the next. Written on
 * bare sockets, so that the generator costs a small part of what it measures.
 * @throws Error at the first answer with another status
 */
export async function load(options: LoadOptions): Promise<LoadResult> {
  let next = 0;
  await Promise.all(clients(options.connections, options.warmup));
  const latencies: number[] = [];
  const total = options.warmup + options.calls;
  const started = performance.now();
  await Promise.all(clients(options.connections, total, latencies));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50: latencies[Math.floor(latencies.length * 0.5)] ?? NaN,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? NaN,
  };

  function clients(count: number, until: number, latencies?: number[]): Promise<void>[] {
    return Array.from({ length: count }, () => client(until, latencies));
  }

  async function client(until: number, latencies?: number[]): Promise<void> {
    const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    const answers = reader(socket);
    try {
      while (next < until) {
        const n = next++;
        const sent = performance.now();
        socket.write(options.request(n));
        const { status, body } = await answers();
        latencies?.push(performance.now() - sent);
        if (status !== (options.status ?? 200)) throw new Error(`answer ${n} has status ${status}: ${body}`);
        if (options.pauseMs !== undefined) await delay(options.pauseMs);
      }
    } finally {
      socket.destroy();
    }
  }
}

/** Bytes of a request. */
export function httpRequest(method: string, path: string, headers: Record<string, string>, body = ''): string {
  const lines = Object.entries({ host: '127.0.0.1', ...headers, 'content-length': String(Buffer.byteLength(body)) });
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

/** Reads answers that state their length, one for each call. */
function reader(socket: Socket): () => Promise<{ status: number; body: string }> {
  let buffered = '';
  let waiting:
    { resolve: (answer: { status: number; body: string }) => void; reject: (error: Error) => void } | undefined;
  socket.setEncoding('latin1');
  const take = () => {
    const head = buffered.indexOf('\r\n\r\n');
    if (head < 0 || !waiting) return;
    const length = Number(/content-length: (\d+)/i.exec(buffered.slice(0, head))?.[1] ?? 0);
    const end = head + 4 + length;
    if (buffered.length < end) return;
    const answer = { status: Number(buffered.slice(9, 12)), body: buffered.slice(head + 4, end) };
    buffered = buffered.slice(end);
    const { resolve } = waiting;
    waiting = undefined;
    resolve(answer);
  };
  socket.on('data', (chunk: string) => {
    buffered += chunk;
    take();
  });
  const fail = (error: Error) => waiting?.reject(error);
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  return () =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      take();
    });
}
