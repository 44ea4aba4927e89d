import { z } from 'zod';
import { jsonObject, pageOf, position, time } from './common.ts';
import { positionParam, wholeNumber } from './params.ts';

const short = z.string().min(1).max(300);

/** Which events: those that have all of what is named. */
export const eventFilter = {
  category: short.exactOptional().meta({ description: 'Kind of stream: mcp, execution, user …' }),
  type: short.exactOptional().meta({ description: 'Type of event' }),
  stream: short.exactOptional().meta({ description: 'One stream: mcp-<id>' }),
  actor: short.exactOptional().meta({ description: 'Who caused it: user:<id>' }),
  correlationId: z.string().min(1).max(128).exactOptional().meta({ description: 'Everything that one request caused' }),
};

export const eventQuery = z.strictObject({
  after: positionParam.exactOptional().meta({ description: 'Events beyond this position' }),
  limit: wholeNumber(1, 200).exactOptional(),
  ...eventFilter,
});

export const feedQuery = z.strictObject({
  after: positionParam
    .exactOptional()
    .meta({ description: 'Begin behind this position; absent: with what comes next' }),
  ...eventFilter,
});

export const event = z
  .object({
    position,
    stream: z.string(),
    revision: z.int(),
    type: z.string(),
    data: jsonObject,
    metadata: z
      .object({
        eventId: z.string(),
        commandId: z.string(),
        actor: z.string(),
        tenant: z.string(),
        correlationId: z.string(),
        causationId: z.string().optional(),
        traceparent: z.string().optional(),
        schemaVersion: z.string(),
        occurredAt: time,
        remoteAddress: z.string().optional(),
        reason: z.string().optional().meta({ description: 'Why, in the words of the caller (X-Reason)' }),
        via: z.string().optional().meta({ description: 'The API key that spoke for the actor: `api-key:<id>`' }),
      })
      .meta({ id: 'EventMetadata' }),
  })
  .meta({ id: 'Event', description: 'One event of the log; what is secret in it is masked' });

export const eventSlice = z
  .object({
    items: z.array(event),
    nextAfter: position.meta({ description: 'Everything up to here was considered: ask on with after' }),
  })
  .meta({ id: 'EventSlice' });

export const eventPage = pageOf(event, 'Event');
