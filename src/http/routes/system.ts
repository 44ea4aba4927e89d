import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { StoreUnavailable } from '../../ports/unavailable.ts';
import { ok, type Answer } from '../answer.ts';
import type { EngineStatus } from '../deps.ts';
import { isFromThisMachine } from '../middleware/this-machine.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { sealStatus } from '../schemas/audit.ts';
import { position, time } from '../schemas/common.ts';
import type { RouteParts } from './parts.ts';

const health = z.object({ status: z.enum(['ok', 'unavailable']) }).meta({ id: 'Health' });

const engine = z
  .object({
    engine: z.string(),
    status: z.enum(['ok', 'unavailable']),
    embedded: z.boolean(),
    version: z.string().optional(),
    latencyMs: z.number().optional().meta({ description: 'Of one question to it' }),
    lag: z.int().optional().meta({ description: 'Events that stand in the log and have not come there' }),
    error: z.string().optional(),
  })
  .meta({ id: 'Engine' });

const system = z
  .object({
    version: z.string(),
    startedAt: time,
    uptimeMs: z.int(),
    node: z.string(),
    roles: z.array(z.string()).meta({ description: 'What the answering process does' }),
    engines: z.record(z.string(), engine).meta({ description: 'What serves each port' }),
    nodes: z
      .array(
        z.object({
          id: z.string(),
          roles: z.array(z.string()).readonly(),
          version: z.string(),
          startedAt: time,
          host: z.string().optional(),
        }),
      )
      .meta({ description: 'The processes that are seen now, through Redis' }),
    rateLimits: z
      .object({
        enforced: z.boolean().meta({ description: 'False when the settings switch the rules off' }),
        shared: z.boolean().meta({ description: 'False while Redis is away: each process counts its own uses alone' }),
        rules: z.int().meta({ description: 'That are enabled' }),
      })
      .meta({ description: 'How uses are counted' }),
    log: z.object({ position: position.nullable().meta({ description: 'Null while the log cannot be reached' }) }),
    sealing: sealStatus.meta({ description: 'Of the audit record' }),
    memory: z.object({ rss: z.int(), heapUsed: z.int() }).meta({ description: 'Bytes' }),
    feedReaders: z.int(),
    upstreams: z.array(
      z.object({
        mcpId: z.string(),
        version: z.int(),
        state: z.enum(['connecting', 'connected', 'backing_off', 'closed']),
        inFlight: z.int(),
        lastError: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'System' });

/** Health, metrics and what the platform tells of itself. */
export function systemRoutes(parts: RouteParts): readonly Route[] {
  const { settings, commands, feed, metrics, upstreams, ready } = parts;
  const readiness = async (): Promise<Answer> =>
    (await ready()) ? ok({ status: 'ok' }) : { status: 503, body: { status: 'unavailable' } };
  const probe = (path: string, summary: string, handler: () => Answer | Promise<Answer>) =>
    defineRoute({
      method: 'get',
      path,
      summary,
      tags: ['system'],
      access: { public: true },
      counts: 'free',
      responses: {
        200: { description: 'It is', schema: health },
        503: { description: 'It is not', schema: health },
      },
      examples: [{ summary }],
      handler,
    });

  return [
    probe('/health', 'Is the platform ready to serve?', readiness),
    probe('/health/live', 'Does the process run?', () => ok({ status: 'ok' })),
    probe('/health/ready', 'Is the platform ready to serve?', readiness),
    defineRoute({
      method: 'get',
      path: '/metrics',
      counts: 'free',
      summary: 'Metrics for Prometheus',
      description: 'Open on the machine itself; elsewhere with a token.',
      tags: ['system'],
      access: {
        permission: 'system:read',
        unless: (request) => isFromThisMachine(request) || hasMetricsToken(request, settings.metricsToken),
      },
      responses: { 200: { description: 'The metrics', contentType: 'text/plain' } },
      examples: [{ summary: 'All metrics' }],
      handler: async () => ({
        kind: 'text',
        status: 200,
        contentType: metrics.contentType,
        text: await metrics.metrics(),
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/system',
      summary: 'The state of the platform',
      tags: ['system'],
      access: { permission: 'system:read' },
      responses: { 200: { description: 'Its version, engines, connections and memory', schema: system } },
      examples: [{ summary: 'Now' }],
      async handler() {
        const { rss, heapUsed } = process.memoryUsage();
        const { version, startedAt, roles } = parts.system;
        const [engines, nodes, position, sealing, rateLimits] = await Promise.all([
          enginesWithLag(parts),
          parts.system.nodes(),
          unlessAway(commands.store.head(), null),
          parts.seal.status(),
          parts.limits.status(),
        ]);
        return ok({
          version,
          startedAt,
          uptimeMs: commands.clock() - Date.parse(startedAt),
          node: process.version,
          roles,
          engines,
          nodes: [...nodes],
          rateLimits,
          log: { position },
          sealing,
          memory: { rss, heapUsed },
          feedReaders: feed.readers,
          upstreams: upstreams.status(),
        });
      },
    }),
  ];
}

/** Of read stores, the lag is that of their slowest model. */
async function enginesWithLag({ system, projections }: RouteParts): Promise<Readonly<Record<string, EngineStatus>>> {
  const [engines, models] = await Promise.all([system.engines(), unlessAway(projections.list(), [])]);
  const lags = new Map<string, number>();
  for (const { store, lag } of models) lags.set(store, Math.max(lag, lags.get(store) ?? 0));
  const entries = Object.entries(engines).map(([port, engine]) => {
    const lag = lags.get(port);
    return [port, lag === undefined ? engine : { ...engine, lag }] as const;
  });
  return Object.fromEntries(entries);
}

/** The rest is worth telling also while the log cannot be reached. */
async function unlessAway<Told, Otherwise>(told: Promise<Told>, otherwise: Otherwise): Promise<Told | Otherwise> {
  try {
    return await told;
  } catch (error) {
    if (error instanceof StoreUnavailable) return otherwise;
    throw error;
  }
}

function hasMetricsToken({ headers }: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return false;
  const expected = Buffer.from(`Bearer ${token}`);
  const actual = Buffer.from(headers.authorization ?? '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
