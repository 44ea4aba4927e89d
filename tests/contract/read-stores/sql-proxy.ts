import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a MySQL or MariaDB server that can break. */
export interface SqlProxy {
  /** The server's URL, by this way. */
  readonly url: string;
  /** Statements that have passed since the last `breakAt`. */
  readonly statements: number;
  /**
   * Breaks the way at the n-th statement from now (from 1): `before` the server sees it, or `after` the server has
   * answered, with the answer lost. Connections are refused from then on, unless the way stays `open` to new ones.
   */
  breakAt(statement: number, when: 'before' | 'after', then?: 'open'): void;
  /** Ends all connections and refuses others. */
  stop(): Promise<void>;
  /** Keeps connections and lets others come, and carries nothing any more. */
  swallow(): void;
  /** Carries nothing any more on the connections that are there; others are well. */
  forget(): void;
  /** All is well again. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** A packet that begins a command, and asks for a statement to be run. https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query.html */
const isStatement = (bytes: Buffer): boolean => bytes[3] === 0 && bytes[4] === 3;

export async function openSqlProxy(serverUrl: string): Promise<SqlProxy> {
  const target = new URL(serverUrl);
  const pairs = new Set<readonly [Socket, Socket | undefined]>();
  const forgotten = new WeakSet<Socket>();
  let statements = 0;
  let fault: { readonly statement: number; readonly when: 'before' | 'after'; readonly then?: 'open' } | undefined;
  let swallows = false;
  let server: Server | undefined;
  let port = 0;

  function cut(): void {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream?.destroy();
    }
    pairs.clear();
  }

  function strike(): void {
    const { then } = fault ?? {};
    fault = undefined;
    if (then === 'open') cut();
    else void stop();
  }

  function accept(client: Socket): void {
    client.on('error', () => client.destroy());
    if (swallows) {
      pairs.add([client, undefined]);
      client.resume();
      return;
    }
    const upstream = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
    upstream.on('error', () => client.destroy());
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let isLast = false;
    client.on('data', (bytes) => {
      if (swallows || forgotten.has(client)) return;
      if (isStatement(bytes)) statements++;
      const strikes = fault !== undefined && isStatement(bytes) && statements === fault.statement;
      if (strikes && fault?.when === 'before') return strike();
      isLast ||= strikes;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (isLast) strike();
      else client.write(bytes);
    });
    client.on('close', () => {
      pairs.delete(pair);
      upstream.end();
    });
    upstream.on('close', () => client.destroy());
  }

  async function listen(): Promise<void> {
    if (server !== undefined) return;
    server = createServer({ noDelay: true }, accept).listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') ({ port } = address);
  }

  async function stop(): Promise<void> {
    const stopping = server;
    server = undefined;
    const closed = stopping && once(stopping, 'close');
    stopping?.close();
    cut();
    await closed;
  }

  await listen();
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    get statements() {
      return statements;
    },
    breakAt(statement, when, then) {
      statements = 0;
      fault = { statement, when, ...(then && { then }) };
    },
    stop,
    swallow() {
      swallows = true;
    },
    forget() {
      for (const [client] of pairs) forgotten.add(client);
    },
    async restore() {
      fault = undefined;
      swallows = false;
      cut();
      await listen();
    },
    close: stop,
  };
}
