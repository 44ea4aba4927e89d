import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Where a connection is lost: before a command reaches the server, or after it, before its answer. */
export type Moment = 'before' | 'after';

export interface MongoProxy {
  readonly host: string;
  readonly port: number;
  /** Ends all connections, and every new one at once, as a server that is stopped. */
  cut(): void;
  /** Lets nothing through any more, without a word. */
  stall(): void;
  /**
   * Loses the connection on which the next command of this name comes, or each of the next few. `away`: the server is
   * stopped then; else it is there at once again.
   */
  loseAt(command: string, moment: Moment, then: 'away' | 'back', times?: number): void;
  /** Swallows the next command of this name and everything after it, as when the process behind it was killed. */
  stallAt(command: string): void;
  /** Lets everything through again. */
  heal(): void;
  close(): Promise<void>;
}

/** A way to a MongoDB that fails where a test says. */
export async function startMongoProxy(target: { readonly host: string; readonly port: number }): Promise<MongoProxy> {
  let mode: 'open' | 'cut' | 'stalled' = 'open';
  let trap:
    | { readonly command: string; readonly spring: (client: Socket, upstream: Socket, bytes: Buffer) => void }
    | undefined;
  const sockets = new Set<Socket>();

  function track(socket: Socket, other: Socket): void {
    sockets.add(socket);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  }

  function cut(): void {
    mode = 'cut';
    for (const socket of sockets) socket.destroy();
  }

  const server = createServer((client) => {
    if (mode === 'cut') return void client.destroy();
    const upstream = connect(target);
    track(client, upstream);
    track(upstream, client);
    upstream.on('data', (bytes) => {
      if (mode !== 'stalled') client.write(bytes);
    });
    client.on('data', (bytes) => {
      if (mode === 'stalled') return;
      const sprung = trap;
      // A command is the first field of its message, which has it by name.
      if (sprung === undefined || !bytes.includes(`${sprung.command}\0`)) return void upstream.write(bytes);
      trap = undefined;
      sprung.spring(client, upstream, bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    host: '127.0.0.1',
    port: address.port,
    cut,
    stall() {
      mode = 'stalled';
    },
    loseAt(command, moment, then, times = 1) {
      const lose = (client: Socket): void => {
        if (then === 'away') cut();
        else client.destroy();
      };
      let left = times;
      const set = (): void => {
        trap = { command, spring };
      };
      const spring = (client: Socket, upstream: Socket, bytes: Buffer): void => {
        left -= 1;
        if (left > 0) set();
        if (moment === 'before') lose(client);
        else {
          upstream.removeAllListeners('data');
          upstream.once('data', () => lose(client));
          upstream.write(bytes);
        }
      };
      set();
    },
    stallAt(command) {
      trap = {
        command,
        spring() {
          mode = 'stalled';
        },
      };
    },
    heal() {
      // What was lost meanwhile does not come back.
      if (mode === 'stalled') for (const socket of sockets) socket.destroy();
      mode = 'open';
      trap = undefined;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
