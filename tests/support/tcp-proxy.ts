import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** Ends all connections, and every new one at once, as a server that is stopped. */
  cut(): void;
  /** Lets nothing through any more, without a word: neither in open connections nor in new ones. */
  stall(): void;
  /** Lets questions through and no answers. */
  swallowAnswers(): void;
  /** Lets everything through again. Connections that lost something end, as they would. */
  heal(): void;
  close(): Promise<void>;
}

/**
 * Looks at what clients send while nothing is disturbed, and may disturb it. Answers whether the bytes go on to the
 * server; else they are its own business.
 */
export type Watch = (bytes: Buffer, way: { readonly client: Socket; readonly upstream: Socket }) => boolean;

/** A way to a server that a test can disturb. */
export async function startTcpProxy(
  target: { readonly host: string; readonly port: number },
  watch: Watch = () => true,
): Promise<TcpProxy> {
  let mode: 'open' | 'cut' | 'stalled' | 'mute' = 'open';
  const sockets = new Set<Socket>();
  const damaged = new Set<Socket>();

  function carry(from: Socket, to: Socket, blocked: () => boolean, goesOn: (bytes: Buffer) => boolean): void {
    from.on('data', (bytes) => {
      if (!blocked() && !goesOn(bytes)) return;
      // Whoever looked may have disturbed it just now.
      if (!blocked()) return void to.write(bytes);
      damaged.add(from).add(to);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    sockets.add(from);
  }

  const server = createServer((client) => {
    if (mode === 'cut') return void client.destroy();
    const upstream = connect(target);
    const isStalled = (): boolean => mode === 'stalled';
    carry(client, upstream, isStalled, (bytes) => watch(bytes, { client, upstream }));
    carry(
      upstream,
      client,
      () => isStalled() || mode === 'mute',
      () => true,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    host: '127.0.0.1',
    port: address.port,
    cut() {
      mode = 'cut';
      for (const socket of sockets) socket.destroy();
    },
    stall() {
      mode = 'stalled';
    },
    swallowAnswers() {
      mode = 'mute';
    },
    heal() {
      mode = 'open';
      for (const socket of damaged) socket.destroy();
      damaged.clear();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
