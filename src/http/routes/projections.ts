import { z } from 'zod';
import { ok } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { idParam } from '../schemas/params.ts';
import { deadLetters, projection, projectionList, rebuild, retryResult } from '../schemas/projection.ts';
import type { RouteParts } from './parts.ts';

const name = z.string().min(1).max(100);
const params = z.strictObject({ name });
const example = { name: 'mcps' };

/** Read models: how far they are, rebuilding them from the log, and going back. */
export function projectionRoutes({ projections, projectionCommands }: RouteParts): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/projections',
      summary: 'List read models',
      tags: ['projections'],
      access: { permission: 'projection:read' },
      responses: { 200: { description: 'All read models', schema: projectionList } },
      examples: [{ summary: 'All read models' }],
      handler: async () => ok({ items: await projections.list(), nextCursor: null }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/projections/{name}',
      summary: 'Read the state of a read model',
      tags: ['projections'],
      access: { permission: 'projection:read' },
      request: { params },
      responses: { 200: { description: 'The read model', schema: projection } },
      examples: [{ summary: 'By name', params: example }],
      handler: async ({ params: { name: wanted } }) => ok(await projections.status(wanted)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/projections/{name}/rebuild',
      summary: 'Rebuild a read model from the log',
      description: 'Beside the live one, which serves until the new one has caught up and takes its place.',
      tags: ['projections'],
      access: { permission: 'projection:manage' },
      request: { params },
      responses: { 202: { description: 'Begun; Location tells where its progress is', schema: rebuild } },
      examples: [{ summary: 'By name', params: example }],
      async handler({ params: { name: wanted } }, context) {
        const { recordedAt, ...status } = await projectionCommands.rebuild(context.command(), wanted);
        const headers = { Location: `/api/v1/projections/${wanted}/rebuilds/${status.id}` };
        return { status: 202, headers, body: status, position: recordedAt };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/projections/{name}/rebuilds/{id}',
      summary: 'Read the progress of a rebuild',
      tags: ['projections'],
      access: { permission: 'projection:read' },
      request: { params: z.strictObject({ name, id: idParam }) },
      responses: { 200: { description: 'Its progress', schema: rebuild } },
      handler: async ({ params: { name: wanted, id } }) => ok(await projectionCommands.rebuildStatus(wanted, id)),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/projections/{name}/rollback',
      summary: 'Make the previous version of a read model live again',
      tags: ['projections'],
      access: { permission: 'projection:manage' },
      request: { params },
      responses: { 200: { description: 'The read model', schema: projection } },
      async handler({ params: { name: wanted } }, context) {
        const position = await projectionCommands.rollBack(context.command(), wanted);
        return { status: 200, body: await projections.status(wanted), position };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/projections/{name}/dead-letters',
      summary: 'List the events that a read model could not take in',
      description: 'The stream of each stands still in this read model, and this event is why.',
      tags: ['projections'],
      access: { permission: 'projection:read' },
      request: { params },
      responses: { 200: { description: 'All dead letters', schema: deadLetters } },
      examples: [{ summary: 'By name', params: example }],
      handler: async ({ params: { name: wanted } }) =>
        ok({ items: await projections.deadLetters(wanted), nextCursor: null }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/projections/{name}/dead-letters/retry',
      summary: 'Try dead letters again',
      tags: ['projections'],
      access: { permission: 'projection:manage' },
      request: {
        params,
        body: z.strictObject({ stream: z.string().min(1).max(300).exactOptional() }).meta({ id: 'Retry' }),
        bodyOptional: true,
      },
      responses: { 200: { description: 'How many were resolved, and how many are left', schema: retryResult } },
      examples: [{ summary: 'All of them', params: example, body: {} }],
      async handler({ params: { name: wanted }, body: { stream } }, context) {
        const { recordedAt, ...counts } = await projectionCommands.retryDeadLetters(context.command(), wanted, stream);
        return { status: 200, body: counts, position: recordedAt };
      },
    }),
  ];
}
