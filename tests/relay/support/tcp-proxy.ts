import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { KafkaAccess } from '../../../src/infrastructure/event-bus/kafka.ts';

/** A way to one server that can be cut. */
export interface TcpProxy {
  /** Breaks what is connected, and refuses what comes. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Lets nothing through any more, without breaking anything, until it is cut. */
  hang(): void;
  /** How to reach Kafka only through here: the brokers' own addresses are not used. */
  through(kafka: KafkaAccess): KafkaAccess;
  close(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const [host, port] = target.split(':');
  const open = new Set<Socket>();
  let isHanging = false;
  const server = createServer((client) => {
    if (isHanging) {
      open.add(client);
      return;
    }
    const upstream = connect({ host: host ?? '', port: Number(port) });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.pipe(other);
      // What breaks one side breaks the other; that is what the proxy is for.
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  const listen = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', resolve);
    });
  await listen(0);
  const own = (server.address() as AddressInfo).port;
  const cut = async (): Promise<void> => {
    isHanging = false;
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of open) socket.destroy();
    await closed;
  };
  return {
    cut,
    restore: () => listen(own),
    hang() {
      isHanging = true;
      for (const socket of open) socket.unpipe().pause();
    },
    through: (kafka) => ({
      ...kafka,
      socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port: own }, onConnect),
    }),
    close: cut,
  };
}
