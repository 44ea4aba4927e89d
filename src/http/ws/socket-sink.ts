import type { WebSocket } from 'ws';
import type { EndReason, FeedSink } from '../feed/feed.ts';
import type { Audience } from '../feed/feed-item.ts';

/** Bytes that may wait in one connection before its reader has to take some. */
const fullAt = 64 * 1024;

interface SocketSinkEvents {
  readonly drained: () => void;
  readonly ended: (reason: EndReason) => void;
}

export interface SocketSink extends FeedSink {
  full(): boolean;
  over(): boolean;
}

/** Sends the events of a topic over a WebSocket, as `{"topic","event"}`. */
export function socketSink(socket: WebSocket, topic: string, audience: Audience, events: SocketSinkEvents): SocketSink {
  const prefix = `{"topic":${JSON.stringify(topic)},"event":`;
  let over = false;
  let waiting = false;
  const full = (): boolean => socket.bufferedAmount > fullAt;
  /** Called when a message has gone to the operating system. */
  const sent = (): void => {
    if (!waiting || full()) return;
    waiting = false;
    events.drained();
  };
  return {
    full,
    over: () => over,
    write({ items }) {
      for (const item of items) socket.send(`${prefix}${item.json(audience)}}`, sent);
      waiting = full();
      return !waiting;
    },
    // Pings are sent for the whole connection.
    beat: () => undefined,
    end(reason) {
      over = true;
      events.ended(reason);
    },
  };
}
