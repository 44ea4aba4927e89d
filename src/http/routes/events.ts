import { z } from 'zod';
import { listEvents } from '../../queries/events/list.ts';
import { streamHistory } from '../../queries/events/stream.ts';
import { ok } from '../answer.ts';
import { lastEventId, startOf } from '../feed/positions.ts';
import { sseAnswer } from '../feed/sse.ts';
import { executionTopic, logTopic } from '../feed/topics.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { eventPage, eventQuery, eventSlice, feedQuery } from '../schemas/event.ts';
import { idParam, listQuery, positionParam } from '../schemas/params.ts';
import type { RouteParts } from './parts.ts';

const feedResponse = {
  200: {
    description: 'Server-sent events: `id` is the position, `event` the type, `data` the event as JSON',
    contentType: 'text/event-stream',
  },
} as const;

/** The log itself, and feeds of it. */
export function eventRoutes({ commands, queries, executions, feed }: RouteParts): readonly Route[] {
  const { store } = commands;
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/events',
      summary: 'Read the log',
      description: 'Events in the order of the log, beyond `after`. Follow `nextAfter`, now or when more has happened.',
      tags: ['events'],
      access: { permission: 'event:read' },
      reads: 'audit',
      request: { query: eventQuery },
      responses: { 200: { description: 'A slice of the log', schema: eventSlice } },
      examples: [{ summary: 'The first registrations', query: { after: '0', type: 'McpRegistered', limit: '10' } }],
      handler: async ({ query }) => ok(await listEvents(queries, query)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/events/stream',
      summary: 'Follow the log',
      description:
        'Goes on until one of the two sides ends it. `Last-Event-ID` or `after` resumes from the log, without a gap. A ' +
        'reader that does not keep up is sent away, and can resume.',
      tags: ['events'],
      access: { permission: 'event:read' },
      feed: true,
      request: { query: feedQuery },
      responses: feedResponse,
      async handler({ query: { after, ...filter } }, context) {
        const topic = logTopic(filter);
        const resumed = lastEventId(context.request.headers['last-event-id']) ?? after;
        return sseAnswer(feed, topic, await startOf(store, topic, resumed), context);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/executions/{id}/stream',
      summary: 'Follow one execution',
      description:
        'From its first event to its last, after which the stream ends. In between `progress` tells what the tool says of ' +
        'itself; that is not in the log, and has no `id`.',
      tags: ['executions'],
      access: { permission: 'execution:read', others: 'execution:read-all' },
      feed: true,
      request: {
        params: z.strictObject({ id: idParam }),
        query: z.strictObject({ after: positionParam.exactOptional() }),
      },
      responses: { ...feedResponse, 204: { description: 'There is nothing more to come' } },
      async handler({ params: { id }, query: { after } }, context) {
        const topic = await executionTopic({ commands, executions }, context.principal, id);
        const start = await startOf(store, topic, lastEventId(context.request.headers['last-event-id']) ?? after);
        if (topic.over && !(await hasEventsAfter(store, id, start))) return { status: 204 };
        return sseAnswer(feed, topic, start, context);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/streams/{stream}/events',
      summary: 'Read the history of one stream',
      tags: ['events'],
      access: { permission: 'event:read' },
      request: { params: z.strictObject({ stream: z.string().min(1).max(300) }), query: z.strictObject(listQuery) },
      responses: { 200: { description: 'A page of events, the first first', schema: eventPage } },
      handler: async ({ params: { stream }, query }) => ok(await streamHistory(queries, stream, query)),
    }),
  ];
}

/** A browser that comes back after the last event would otherwise wait for ever. */
async function hasEventsAfter(store: RouteParts['commands']['store'], id: string, position: number): Promise<boolean> {
  const [last] = await store.readStream(`execution-${id}`, { direction: 'backward', limit: 1 });
  return last !== undefined && last.position > position;
}
