import type { Channels } from '../../../ports/coordination.ts';
import type { Logger } from '../../../ports/logger.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { createListeners } from '../listeners.ts';
import { connectRedis, type RedisConnection } from './connection.ts';

export interface RedisChannelsOptions {
  readonly url: string;
  readonly prefix: string;
  readonly logger: Logger;
  readonly timeoutMs: number;
  /** How often a connection that only listens is asked whether it still stands, in milliseconds. */
  readonly heartbeatMs: number;
}

/**
 * Channels on one Redis. What is published goes over the connection given; listening has one of its own, made when
 * somebody first listens. A line that died in silence is found out after a heartbeat and its time limit, at most.
 */
export function createRedisChannels(
  publisher: RedisConnection,
  options: RedisChannelsOptions,
): Channels & { close(): void } {
  const { prefix, logger } = options;
  const listeners = createListeners(logger);
  const live = new Set<string>();
  let connection: RedisConnection | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let closed = false;

  function connect(): RedisConnection {
    heartbeat = setInterval(() => void beat(), options.heartbeatMs).unref();
    return connectRedis({
      ...options,
      onMessage: (channel, text) => listeners.message(channel.slice(prefix.length), text),
      onAway() {
        live.clear();
        listeners.gap();
      },
      onReady: () => void listenTo(listeners.channels()),
    });
  }

  async function beat(): Promise<void> {
    if (connection?.ready() !== true) return;
    // A connection that does not answer ends by that, and is made anew.
    await attempt(connection, (redis) => redis.ping());
    const missing = listeners.channels().filter((channel) => !live.has(channel));
    if (missing.length > 0) await listenTo(missing);
  }

  async function listenTo(channels: readonly string[]): Promise<void> {
    if (connection === undefined || channels.length === 0) return;
    const names = channels.map((channel) => prefix + channel);
    if (!(await attempt(connection, (redis) => redis.subscribe(...names)))) return;
    for (const channel of channels) {
      live.add(channel);
      listeners.gap(channel);
    }
  }

  async function stopListening(channel: string): Promise<void> {
    live.delete(channel);
    if (connection?.ready() === true) await attempt(connection, (redis) => redis.unsubscribe(prefix + channel));
  }

  async function attempt(on: RedisConnection, command: Parameters<RedisConnection['run']>[0]): Promise<boolean> {
    try {
      await on.run(command);
      return true;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) logger.error({ err: error }, 'listening on Redis failed');
      return false;
    }
  }

  return {
    publish: (channel, text) => attempt(publisher, (redis) => redis.publish(prefix + channel, text)),
    async subscribe(channel, listener) {
      const listening = listeners.add(channel, listener);
      connection ??= connect();
      if (!live.has(channel)) await listenTo([channel]);
      return {
        live: () => !closed && listening.there() && live.has(channel),
        close() {
          listening.remove();
          if (!listeners.channels().includes(channel)) void stopListening(channel);
        },
      };
    },
    close() {
      closed = true;
      clearInterval(heartbeat);
      listeners.clear();
      connection?.close();
    },
  };
}
