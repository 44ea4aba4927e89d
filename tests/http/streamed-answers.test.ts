import { once } from 'node:events';
import express from 'express';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Registry } from 'prom-client';
import { createHttpMetrics } from '../../src/http/metrics.ts';
import { RequestContext } from '../../src/http/route/request-context.ts';
import { createAnswerWriter } from '../../src/http/write-answer.ts';
import { streamPieces, streamText } from '../../src/http/export/stream-pieces.ts';

/** More than any buffer between a server and a client takes. */
const large = 'x'.repeat(1024 * 1024);

describe('an answer that is written while it is made', () => {
  let server: Server;
  let asked: Promise<ServerResponse>;

  beforeEach(async () => {
    const { promise, resolve } = Promise.withResolvers<ServerResponse>();
    asked = promise;
    server = createServer((_request, response) => resolve(response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const ask = () => {
    const asking = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    asking.on('error', () => undefined);
    asking.end();
    return asking;
  };

  /** Pieces without end, and whether anybody still wants them. */
  const endless = () => {
    const state = { made: 0, over: false };
    async function* pieces(): AsyncGenerator<string> {
      try {
        for (;;) {
          state.made++;
          yield large;
        }
      } finally {
        state.over = true;
      }
    }
    return { state, pieces: pieces() };
  };

  it('is let go of where its head alone is asked for', async () => {
    const { state, pieces } = endless();
    const { promise, resolve } = Promise.withResolvers<true>();
    const { promise: first, resolve: resolveFirst } = Promise.withResolvers<number>();
    const listener = async (incoming: express.Request, outgoing: express.Response): Promise<void> => {
      const answer = await streamPieces(pieces, 'text/plain', 'endless.txt');
      const writer = createAnswerWriter({}, createHttpMetrics(new Registry(), { feedReaders: () => 0 }));
      resolveFirst(state.made);
      await writer.answer(new RequestContext(incoming, outgoing), answer);
      resolve(true);
    };
    const app = express().use((incoming, outgoing) => void listener(incoming, outgoing));
    server.removeAllListeners('request').on('request', app);
    const asking = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method: 'HEAD' });
    asking.end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    await promise;
    expect(await first).toBe(1);
    expect(state).toEqual({ made: 1, over: true });
  });

  it.each([
    ['pieces', streamPieces],
    ['text', streamText],
  ])('ends, and with it what makes it, when its reader has gone before it began: %s', async (_what, stream) => {
    const asking = ask();
    const response = await asked;
    const { state, pieces } = endless();
    const answer = await stream(pieces, 'text/plain', 'all.txt');
    asking.destroy();
    await once(response, 'close');
    await answer.write(response);
    expect(state).toEqual({ made: 1, over: true });
  });

  it.each([
    ['pieces', streamPieces],
    ['text', streamText],
  ])('ends when its reader goes while it is written: %s', async (_what, stream) => {
    const asking = ask();
    const response = await asked;
    const { state, pieces } = endless();
    const answer = await stream(pieces, 'text/plain', 'all.txt');
    response.writeHead(200);
    asking.on('response', (incoming) => incoming.once('data', () => asking.destroy()));
    await answer.write(response);
    expect(state.over).toBe(true);
  });

  it('gives all of a text, however small its pieces', async () => {
    async function* pieces(): AsyncGenerator<string> {
      for (let n = 0; n < 50_000; n++) yield `${n}é,`;
    }
    const asking = ask();
    const response = await asked;
    const answer = await streamText(pieces(), 'text/plain', 'all.txt');
    const [[incoming]] = await Promise.all([once(asking, 'response'), answer.write(response)]);
    const received: Buffer[] = [];
    for await (const part of incoming as AsyncIterable<Buffer>) received.push(part);
    expect(Buffer.concat(received).toString()).toBe(Array.from({ length: 50_000 }, (_, n) => `${n}é,`).join(''));
  });
});
