import { v7 as uuidv7 } from 'uuid';
import type { WebSocket } from 'ws';
import type { CommandContext } from '../../commands/context.ts';
import { RateLimited, type Limiter } from '../../ports/limiter.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Caller } from '../auth/use-recorder.ts';
import type { Authenticator, Credential } from '../auth/authenticator.ts';
import type { EndReason, Feed, Reading } from '../feed/feed.ts';
import type { Topic } from '../feed/topics.ts';
import { anonymous } from '../auth/anonymous.ts';
import { useOf } from '../limits/request-use.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { problemOf } from '../problem/problem-of.ts';
import { parseMessage, type ClientMessage } from './messages.ts';
import { socketSink } from './socket-sink.ts';

export interface ConnectionDeps {
  readonly feed: Feed;
  readonly authenticator: Authenticator;
  readonly topicOf: (context: CommandContext, name: string) => Promise<Topic>;
  readonly limits: Limiter;
  readonly startOf: (topic: Topic, after: number | undefined) => Promise<number>;
  readonly logger: Logger;
}

/** One WebSocket: authenticated by its request or its first message, with any few topics at one time. */
export interface Connection {
  /** Looks again whether the credential is good. */
  renew(): Promise<void>;
  close(code: number, reason: string): void;
}

/** Close codes of this API (RFC 6455, 7.4.2: 4000–4999 are free for use). */
export const closeCode = { unauthenticated: 4401, tooSlow: 4408, goingAway: 1001 } as const;

const mostSubscriptions = 50;
const mostPending = 100;

export function openConnection(
  deps: ConnectionDeps,
  socket: WebSocket,
  caller: Caller,
  granted: Credential | undefined,
  authenticateWithinMs: number,
): Connection {
  const { feed, authenticator, logger } = deps;
  const { correlationId, remoteAddress } = caller;
  const readings = new Map<string, Reading>();
  let credential = granted;
  // Messages are taken one after the other, so that what they do happens in the order in which they came.
  let work: Promise<void> = Promise.resolve();
  let pending = 0;

  const send = (message: object): void => socket.send(JSON.stringify(message));
  const close = (code: number, reason: string): void => {
    clearTimeout(patience);
    for (const reading of readings.values()) reading.stop();
    readings.clear();
    socket.close(code, reason);
  };
  const patience = setTimeout(() => {
    if (!credential) close(closeCode.unauthenticated, 'no credential came in time');
  }, authenticateWithinMs);

  const subscribe = async (holder: Credential, name: string, after: number | undefined): Promise<void> => {
    if (readings.has(name)) throw new HttpProblem(409, 'already_subscribed', 'this topic is subscribed');
    if (readings.size >= mostSubscriptions) {
      throw new HttpProblem(429, 'too_many_subscriptions', `a connection has ${mostSubscriptions} topics at most`);
    }
    const { principal } = holder;
    const context: CommandContext = {
      commandId: uuidv7(),
      principal,
      correlationId,
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
    };
    const topic = await deps.topicOf(context, name);
    const start = await deps.startOf(topic, after);
    const { filter, allowed, last } = topic;
    send({ subscribed: { topic: name, after: start } });
    const ended = (reason: EndReason): void => {
      readings.get(name)?.stop();
      readings.delete(name);
      if (reason === 'credential_ended') close(closeCode.unauthenticated, 'the credential has ended');
      else if (reason === 'too_slow') socket.terminate();
      else if (reason === 'stopping') close(closeCode.goingAway, 'the server is stopping');
      else send({ unsubscribed: { topic: name, reason } });
    };
    const sink = socketSink(socket, name, topic.audience, { drained: () => readings.get(name)?.drained(), ended });
    const reading = await feed.read({
      after: start,
      filter,
      allowed,
      credential: holder,
      sink,
      ...(last ? { last } : {}),
    });
    if (sink.over() || socket.readyState !== socket.OPEN) reading.stop();
    else {
      const silence = topic.progress?.((progress) => {
        // It passes: a reader that does not keep up misses some.
        if (!sink.full() && socket.readyState === socket.OPEN) send({ topic: name, progress });
      });
      const stop = (): void => {
        silence?.();
        reading.stop();
      };
      readings.set(name, { drained: () => reading.drained(), stop });
      // What was sent before the reading was known may have gone out unnoticed.
      if (!sink.full()) reading.drained();
    }
  };

  const take = async (message: ClientMessage): Promise<void> => {
    if ('auth' in message) {
      credential = await authenticator.credentialOf(message.auth.token, caller);
      clearTimeout(patience);
      send({ authenticated: { actor: credential.principal.actor } });
      return;
    }
    if (!credential) throw new HttpProblem(401, 'unauthenticated', 'the first message must be {"auth":{"token":…}}');
    if ('subscribe' in message) return subscribe(credential, message.subscribe.topic, message.subscribe.after);
    const { topic } = message.unsubscribe;
    readings.get(topic)?.stop();
    readings.delete(topic);
    send({ unsubscribed: { topic, reason: 'asked' } });
  };

  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (++pending > mostPending) return close(1008, 'too many messages at once');
    work = work.then(async () => {
      let topic: string | undefined;
      try {
        await deps.limits.take(useOf('message', credential?.principal ?? anonymous, remoteAddress));
        const message = parseMessage(data, isBinary);
        if ('subscribe' in message) ({ topic } = message.subscribe);
        await take(message);
      } catch (error) {
        const problem = problemOf(error);
        if (problem.status >= 500) logger.error({ error }, 'a WebSocket message failed');
        const { code, message: detail, faults } = problem;
        if (socket.readyState === socket.OPEN) {
          send({
            error: {
              code,
              detail,
              ...(topic === undefined ? {} : { topic }),
              ...(faults.length > 0 ? { errors: faults } : {}),
              ...(error instanceof RateLimited ? { retryAfterMs: error.retryMs } : {}),
            },
          });
        }
        if (problem.status === 401) close(closeCode.unauthenticated, detail.slice(0, 100));
      } finally {
        pending--;
      }
    });
  });
  socket.on('close', () => {
    clearTimeout(patience);
    for (const reading of readings.values()) reading.stop();
    readings.clear();
  });
  // A broken connection is closed by ws itself; the event must have a listener.
  socket.on('error', (error) => logger.debug({ error }, 'a WebSocket broke'));

  return {
    async renew() {
      if (!credential) return;
      const renewed = await authenticator.renew(credential);
      if (renewed) credential = renewed;
      else close(closeCode.unauthenticated, 'the credential has ended');
    },
    close,
  };
}
