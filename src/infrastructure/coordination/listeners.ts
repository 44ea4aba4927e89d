import type { ChannelListener } from '../../ports/coordination.ts';
import type { Logger } from '../../ports/logger.ts';

export interface Listening {
  /** Neither removed nor cleared away. */
  there(): boolean;
  remove(): void;
}

/** Who of this process listens to which channel. A listener that throws is logged and holds up none of the others. */
export interface Listeners {
  add(channel: string, listener: ChannelListener): Listening;
  /** Channels that somebody listens to. */
  channels(): readonly string[];
  message(channel: string, text: string): void;
  /** Tells the listeners of one channel, or of all. */
  gap(channel?: string): void;
  clear(): void;
}

export function createListeners(logger: Logger): Listeners {
  const byChannel = new Map<string, Set<ChannelListener>>();

  function each(channel: string, tell: (listener: ChannelListener) => void): void {
    for (const listener of [...(byChannel.get(channel) ?? [])]) {
      try {
        tell(listener);
      } catch (error) {
        logger.error({ err: error, channel }, 'a listener failed');
      }
    }
  }

  return {
    add(channel, listener) {
      // The same listener may be added twice, and is then told twice.
      const own: ChannelListener = { message: (text) => listener.message(text), gap: () => listener.gap() };
      const listeners = byChannel.get(channel) ?? new Set();
      byChannel.set(channel, listeners.add(own));
      return {
        there: () => byChannel.get(channel)?.has(own) ?? false,
        remove() {
          listeners.delete(own);
          if (listeners.size === 0 && byChannel.get(channel) === listeners) byChannel.delete(channel);
        },
      };
    },
    channels: () => [...byChannel.keys()],
    message: (channel, text) => each(channel, (listener) => listener.message(text)),
    gap(channel) {
      for (const one of channel === undefined ? [...byChannel.keys()] : [channel])
        each(one, (listener) => listener.gap());
    },
    clear: () => byChannel.clear(),
  };
}
