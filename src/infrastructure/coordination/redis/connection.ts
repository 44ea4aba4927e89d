import { Redis } from 'ioredis';
import type { Logger } from '../../../ports/logger.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';

/** One connection to Redis, made anew by itself whenever it is lost. */
export interface RedisConnection {
  /**
   * Runs a command on it.
   * @throws StoreUnavailable within the time limit, and at once while Redis is known to be away; what was asked for may
   *   have been done all the same
   */
  run<Reply>(command: (redis: Redis) => Promise<Reply>): Promise<Reply>;
  ready(): boolean;
  /** What Redis says when it does not let this client in; undefined when that is not what keeps it away. */
  refusedLogin(): string | undefined;
  close(): void;
}

/** How servers of different ages begin what they say to a wrong password, and to none. */
const LOGIN_REFUSED = /^(WRONGPASS|NOAUTH|ERR invalid password)/;

export interface RedisConnectionOptions {
  readonly url: string;
  readonly logger: Logger;
  /** Milliseconds that one command may take, and the first connection. */
  readonly timeoutMs: number;
  readonly onReady?: (redis: Redis) => void;
  /** Called once for each connection that is lost. */
  readonly onAway?: () => void;
  readonly onMessage?: (channel: string, text: string) => void;
}

/**
 * Connects in the background. No command waits for a connection that was lost, and none is sent again on the next one: its
 * caller has been told that nobody knows what became of it.
 */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  const { logger, timeoutMs } = options;
  const place = placeOf(options.url);
  let state: 'starting' | 'ready' | 'away' | 'closed' = 'starting';
  let reason = 'it has not answered yet';
  let refusal = '';
  const waiting = new Set<() => void>();

  const redis = new Redis(options.url, {
    connectTimeout: 2 * timeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000) * (0.5 + Math.random() / 2),
    // A primary that became a replica takes no writes; its name may lead to the new primary now.
    reconnectOnError: (error) => error.message.includes('READONLY'),
  });

  function enter(next: typeof state): void {
    if (state === next || state === 'closed') return;
    const before = state;
    state = next;
    for (const wake of [...waiting]) wake();
    if (next === 'ready' && before === 'away') logger.info({ redis: place }, 'Redis is back');
    if (next === 'away') {
      logger.warn({ redis: place, reason }, 'Redis is away');
      options.onAway?.();
    }
    if (next === 'ready') options.onReady?.(redis);
  }

  redis.on('ready', () => enter('ready'));
  redis.on('close', () => enter('away'));
  redis.on('error', (error: unknown) => {
    reason = textOf(error);
  });
  const { onMessage } = options;
  if (onMessage) redis.on('message', (channel: string, text: string) => onMessage(channel, text));

  function unavailable(cause?: unknown): StoreUnavailable {
    return new StoreUnavailable(`Redis at ${place} is unavailable: ${cause === undefined ? reason : textOf(cause)}`);
  }

  /** Only the first connection is waited for. */
  async function connected(): Promise<void> {
    if (state === 'starting') {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, timeoutMs);
        function wake(): void {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        }
        waiting.add(wake);
      });
    }
    if (state === 'closed') throw new StoreUnavailable('the connection to Redis was closed');
    if (state !== 'ready') throw unavailable();
  }

  return {
    async run(command) {
      await connected();
      try {
        return await inTime(command(redis), timeoutMs);
      } catch (error) {
        if (error instanceof TypeError) throw error;
        if (error instanceof Error && error.name === 'ReplyError' && error.message !== refusal) {
          refusal = error.message;
          logger.warn({ redis: place, refusal }, 'Redis refused a command');
        }
        if (error instanceof NoAnswer && state === 'ready') {
          // Whether Redis is slow or the line is dead cannot be told; a new connection settles both.
          reason = error.message;
          enter('away');
          redis.disconnect(true);
        }
        throw unavailable(error);
      }
    },
    ready: () => state === 'ready',
    refusedLogin: () => (state !== 'ready' && LOGIN_REFUSED.test(reason) ? reason : undefined),
    close() {
      enter('closed');
      redis.disconnect();
    },
  };
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

function inTime<Reply>(reply: Promise<Reply>, timeoutMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new NoAnswer(`no answer within ${timeoutMs} ms`));
    // After a pause of this whole process the answer may be there, unread: sockets are read before immediates run.
    const timer = setTimeout(() => setImmediate(fail), timeoutMs);
    reply.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Host and port, without what else a URL carries. */
function placeOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || '6379'}`;
}

/** Of a connection's error only its text is fit to be shown: the error object also carries the command, password included. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(textOf).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
