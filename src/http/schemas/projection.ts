import { z } from 'zod';
import { id, position, time } from './common.ts';

export const projection = z
  .object({
    name: z.string(),
    store: z.enum(['relational', 'documents', 'search']),
    version: z.int(),
    previousVersion: z.int().nullable(),
    position,
    lag: z.int().meta({ description: 'Events that it has not taken in yet' }),
    status: z.enum(['live', 'catching_up', 'rebuilding', 'stopped']),
    deadLetters: z.int(),
    error: z.string().optional(),
  })
  .meta({ id: 'Projection' });

export const projectionList = z
  .object({ items: z.array(projection), nextCursor: z.null() })
  .meta({ id: 'ProjectionPage' });

export const rebuild = z
  .object({
    id,
    projection: z.string(),
    version: z.int(),
    status: z.enum(['running', 'succeeded', 'failed']),
    done: z.int(),
    total: z.int(),
    eventsPerSecond: z.number(),
    etaMs: z.number().nullable(),
    startedAt: time,
    finishedAt: time.nullable(),
    error: z.string().nullable(),
    errorPosition: position.nullable().meta({ description: 'Of the event that stopped it' }),
  })
  .meta({ id: 'Rebuild' });

export const deadLetters = z
  .object({
    items: z.array(
      z.object({
        stream: z.string(),
        position,
        type: z.string(),
        error: z.string(),
        attempts: z.int(),
        parkedAt: time,
      }),
    ),
    nextCursor: z.null(),
  })
  .meta({ id: 'DeadLetterPage' });

export const retryResult = z.object({ resolved: z.int(), left: z.int() }).meta({ id: 'RetryResult' });
