import type { Socket } from 'node:net';
import { startTcpProxy, type TcpProxy, type Watch } from '../../support/tcp-proxy.ts';

/** Where a connection is lost: before a command reaches the server, or after it, before its answer. */
export type Moment = 'before' | 'after';

export interface MongoProxy extends TcpProxy {
  /**
   * Loses the connection on which the next command of this name comes, or each of the next few. `away`: the server is
   * stopped then; else it is there at once again.
   */
  loseAt(command: string, moment: Moment, then: 'away' | 'back', times?: number): void;
  /** Swallows the next command of this name and everything after it, as when the process behind it was killed. */
  stallAt(command: string): void;
}

/** A way to a MongoDB that fails where a test says. */
export async function startMongoProxy(target: { readonly host: string; readonly port: number }): Promise<MongoProxy> {
  let trap: { readonly command: string; readonly spring: Watch } | undefined;

  const proxy = await startTcpProxy(target, (bytes, way) => {
    const sprung = trap;
    // A command is the first field of its message, which has it by name.
    if (sprung === undefined || !bytes.includes(`${sprung.command}\0`)) return true;
    trap = undefined;
    return sprung.spring(bytes, way);
  });

  return {
    ...proxy,
    loseAt(command, moment, then, times = 1) {
      const lose = (client: Socket): void => {
        if (then === 'away') proxy.cut();
        else client.destroy();
      };
      let left = times;
      const set = (): void => {
        trap = { command, spring };
      };
      const spring: Watch = (_bytes, { client, upstream }) => {
        left -= 1;
        if (left > 0) set();
        if (moment === 'before') {
          lose(client);
          return false;
        }
        upstream.removeAllListeners('data');
        upstream.once('data', () => lose(client));
        return true;
      };
      set();
    },
    stallAt(command) {
      trap = {
        command,
        spring() {
          proxy.stall();
          return true;
        },
      };
    },
    heal() {
      proxy.heal();
      trap = undefined;
    },
  };
}
