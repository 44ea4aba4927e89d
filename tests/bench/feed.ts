import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { startFastServer } from '../fixtures/fast-http-server.ts';
import { pinSelf } from './pinned.ts';
import { residentMiB } from './process-memory.ts';
import { registerUpstream, startProduct } from './product.ts';
import { figure, type BenchRow } from './row.ts';

const clients = 1000;
const eventsPerSecond = 20;
const seconds = 15;

/** Server-sent events: a thousand clients, each of which gets every event. Delivery is from the command to the client. */
export async function benchFeed(): Promise<readonly BenchRow[]> {
  pinSelf(1);
  const upstream = await startFastServer();
  const product = await startProduct();
  try {
    const mcpId = await registerUpstream(product, upstream.url);
    // A call first, so that what a call needs is not counted as memory of the clients.
    await product.request('POST', '/api/v1/executions', { mcpId, tool: 'echo', arguments: { message: 'warm' } });
    await delay(2000);
    const before = residentMiB(product.pid);
    const delays: number[] = [];
    let received = 0;
    const sockets = await Promise.all(
      Array.from({ length: clients }, () =>
        openFeed(product.port, product.token, (occurredAt) => {
          received++;
          delays.push(Date.now() - occurredAt);
        }),
      ),
    );
    await delay(1000);

    const started = performance.now();
    let sent = 0;
    // A call is three events; what they are is the feed's business, how many the benchmark's.
    while (sent < eventsPerSecond * seconds) {
      await product.request('POST', '/api/v1/executions', { mcpId, tool: 'echo', arguments: { message: `n ${sent}` } });
      sent += 3;
      const due = started + (sent / eventsPerSecond) * 1000;
      await delay(Math.max(0, due - performance.now()));
    }
    for (let waited = 0; received < sent * clients && waited < 5000; waited += 50) await delay(50);
    const after = residentMiB(product.pid);
    for (const socket of sockets) socket.destroy();

    if (received !== sent * clients) throw new Error(`${received} deliveries of ${sent * clients}`);
    delays.sort((a, b) => a - b);
    const p99 = delays[Math.floor(delays.length * 0.99)] ?? NaN;
    const kib = ((after - before) * 1024) / clients;
    return [
      {
        what: `SSE, ${figure(clients)} clients, ${eventsPerSecond} events/s each, p99 of delivery`,
        value: `${figure(p99)} ms`,
        floor: '–',
        ratio: '–',
        goal: '≤ 250 ms',
        met: p99 <= 250,
      },
      {
        what: 'SSE, memory for each client',
        value: `${figure(kib)} KiB`,
        floor: '–',
        ratio: '–',
        goal: '≤ 40 KiB',
        met: kib <= 40,
      },
    ];
  } finally {
    await product.stop();
    await upstream.close();
  }
}

/** One client. Answers when the server has begun to answer. */
function openFeed(port: number, token: string, onEvent: (occurredAt: number) => void) {
  const socket = connect({ port, host: '127.0.0.1' });
  let rest = '';
  socket.setEncoding('latin1');
  return new Promise<typeof socket>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', () => resolve(socket));
    socket.on('data', (chunk: string) => {
      const text = rest + chunk;
      const end = text.lastIndexOf('\n');
      rest = text.slice(end + 1);
      for (const [, at] of text.slice(0, end + 1).matchAll(/^data:.*"occurredAt":"([^"]+)"/gm))
        onEvent(Date.parse(at ?? ''));
    });
    socket.write(
      `GET /api/v1/events/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\naccept: text/event-stream\r\n\r\n`,
    );
  });
}
