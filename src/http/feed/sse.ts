import type { ServerResponse } from 'node:http';
import type { StreamAnswer } from '../answer.ts';
import type { Progress } from '../../ports/upstream.ts';
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
    // Without chunks an event is one write of bytes that all readers share.
    endsConnection: true,
    // Proxies that collect answers before they pass them on are told not to.
    headers: { 'X-Accel-Buffering': 'no' },
    // Answers when the stream has begun: what waits for its end would be kept as long as it lasts, for each reader.
    async write(response) {
      if (hasGone(response)) return;
      // By itself the head is made into one string; together with a body its pieces would stay as long as the stream.
      response.flushHeaders();
      response.write(`retry: ${retryMs}\n\n`);
      const { filter, audience, allowed, last } = topic;
      const reading = await feed.read({
        after,
        filter,
        allowed,
        credential: { principal, claims },
        sink: sseSink(response, audience),
        ...(last ? { last } : {}),
      });
      if (hasGone(response)) {
        reading.stop();
        return;
      }
      response.on('drain', reading.drained);
      // What was written before the reading was there may have drained unnoticed.
      if (!response.writableNeedDrain) reading.drained();
      const silence = topic.progress?.((progress) => {
        // It passes: a reader that does not keep up misses some.
        if (!response.writableEnded && !response.writableNeedDrain) response.write(progressFrame(progress));
      });
      response.once('close', () => {
        silence?.();
        reading.stop();
      });
    },
  };
}

function hasGone(response: ServerResponse): boolean {
  return response.destroyed;
}

function progressFrame(progress: Progress): string {
  return `event: progress\ndata: ${JSON.stringify(progress)}\n\n`;
}

function sseSink(response: ServerResponse, audience: Topic['audience']): FeedSink {
  return {
    write: (batch) => response.write(batch.sse(audience)),
    beat: () => void response.write(beat),
    end(reason) {
      const words = farewell[reason];
      if (words === undefined) response.destroy();
      else response.end(words);
    },
  };
}
