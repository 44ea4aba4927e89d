import type { ServerResponse } from 'node:http';
import type { StreamAnswer } from '../answer.ts';
import type { RequestContext } from '../route/request-context.ts';
import type { EndReason, Feed, FeedSink } from './feed.ts';
import type { Topic } from './topics.ts';

/** Milliseconds after which a browser comes back by itself. */
const retryMs = 2000;
const beat = Buffer.from(':\n\n');

const farewell: Readonly<Record<EndReason, string | undefined>> = {
  complete: ': complete\n\n',
  credential_ended: ': the credential has ended\n\n',
  not_allowed: ': no longer allowed\n\n',
  stopping: ': the server is stopping\n\n',
  failed: ': the log cannot be read now\n\n',
  too_slow: undefined,
};

/** A topic as server-sent events, until one of the two sides ends it. @param after position of the last event not sent */
export function sseAnswer(feed: Feed, topic: Topic, after: number, context: RequestContext): StreamAnswer {
  const { principal, claims } = context;
  if (!claims) throw new Error('a feed is read with a credential');
  return {
    kind: 'stream',
    status: 200,
    contentType: 'text/event-stream',
    // Proxies that collect answers before they pass them on are told not to.
    headers: { 'X-Accel-Buffering': 'no' },
    async write(response) {
      if (response.destroyed) return;
      response.write(`retry: ${retryMs}\n\n`);
      const { filter, audience, allowed, last } = topic;
      const closed = new Promise<void>((resolve) => void response.once('close', resolve));
      const reading = await feed.read({
        after,
        filter,
        allowed,
        credential: { principal, claims },
        sink: sseSink(response, audience),
        ...(last ? { last } : {}),
      });
      response.on('drain', () => reading.drained());
      // What was written before the reading was there may have drained unnoticed.
      if (!response.writableNeedDrain) reading.drained();
      await closed;
      reading.stop();
    },
  };
}

function sseSink(response: ServerResponse, audience: Topic['audience']): FeedSink {
  return {
    write([first, ...others]) {
      if (!first) return true;
      const frame = first.sse(audience);
      return response.write(
        others.length === 0 ? frame : Buffer.concat([frame, ...others.map((item) => item.sse(audience))]),
      );
    },
    beat: () => void response.write(beat),
    end(reason) {
      const words = farewell[reason];
      if (words === undefined) response.destroy();
      else response.end(words);
    },
  };
}
