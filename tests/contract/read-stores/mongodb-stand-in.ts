import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { BSON, type Document } from 'mongodb';

export interface MongoStandIn {
  readonly address: string;
  close(): Promise<void>;
}

const HEADER = 16;
/** https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ */
const OP = { reply: 1, query: 2004, message: 2013 } as const;

const standalone = {
  helloOk: true,
  isWritablePrimary: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
  minWireVersion: 0,
  maxWireVersion: 17,
  readOnly: false,
};

/**
 * Not a MongoDB: something that greets as one does which is set up in another way than the one for the tests, and
 * answers nothing else.
 * @param hello differs from the greeting of a server by itself
 */
export async function startMongoStandIn(hello: Document, version = '6.0.5'): Promise<MongoStandIn> {
  const sockets = new Set<Socket>();

  function answerTo(command: Document): Document {
    const [name = ''] = Object.keys(command);
    if (['hello', 'ismaster', 'isMaster'].includes(name)) return { ...standalone, ...hello, ok: 1 };
    if (name === 'buildInfo') return { version, ok: 1 };
    if (name === 'ping' || name === 'endSessions') return { ok: 1 };
    return { ok: 0, errmsg: `no such command: '${name}'`, code: 59, codeName: 'CommandNotFound' };
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    let pending = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= HEADER && pending.length >= pending.readInt32LE(0)) {
        const message = pending.subarray(0, pending.readInt32LE(0));
        pending = pending.subarray(message.length);
        socket.write(answer(message, answerTo));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(message: Buffer, answerTo: (command: Document) => Document): Buffer {
  const isQuery = message.readInt32LE(12) === OP.query;
  // A query begins with flags, a name that ends with NUL, and two numbers; a message with flags and a kind.
  const at = isQuery ? message.indexOf(0, HEADER + 4) + 9 : HEADER + 5;
  const body = BSON.serialize(answerTo(BSON.deserialize(message.subarray(at, at + message.readInt32LE(at)))));
  const before = isQuery ? Buffer.alloc(20) : Buffer.alloc(5);
  if (isQuery) before.writeInt32LE(1, 16);
  const header = Buffer.alloc(HEADER);
  header.writeInt32LE(HEADER + before.length + body.length, 0);
  header.writeInt32LE(message.readInt32LE(4), 8);
  header.writeInt32LE(isQuery ? OP.reply : OP.message, 12);
  return Buffer.concat([header, before, body]);
}
