import type { UpstreamTarget } from '../../ports/upstream.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Note } from './wire.ts';

/**
 * Writes down what a server does that it should not. A server that does it all the time must not fill the log, so of each
 * kind the first, second, fourth, eighth … time is written, with the count.
 */
export function createNotices(logger: Logger, { mcpId, version }: UpstreamTarget): Note {
  const counts = new Map<string, number>();
  return (kind, text) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if ((count & (count - 1)) === 0) logger.warn({ mcpId, mcpVersion: version, kind, count }, `upstream: ${text}`);
  };
}
