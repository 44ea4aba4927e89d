import { z } from 'zod';
import { may } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/error.ts';
import type { ExecutionInput } from '../../ports/execution-runner.ts';
import { executionOfEvents, getExecution } from '../../queries/executions/get.ts';
import { listExecutions } from '../../queries/executions/list.ts';
import type { Viewer } from '../../queries/executions/viewer.ts';
import { ok, type JsonAnswer } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { RequestContext } from '../route/request-context.ts';
import type { Route } from '../route/route.ts';
import { execution, executionInput, executionPage, executionStatus } from '../schemas/execution.ts';
import { asOfParam, idParam, listQuery, momentQuery, timeParam } from '../schemas/params.ts';
import { exampleIds } from './example-ids.ts';
import { executionAnswer } from './execution-answer.ts';
import { resolveMcpId } from './mcp-id.ts';
import type { RouteParts } from './parts.ts';

const params = z.strictObject({ id: idParam });
const example = { id: exampleIds.execution };

/** Calls of tools. */
export function executionRoutes({ commands, queries, executions }: RouteParts): readonly Route[] {
  const run = async (context: RequestContext, input: ExecutionInput): Promise<JsonAnswer> => {
    const events = await executions.run(context.command(), input, (budgets) => {
      context.budgets = [...(context.budgets ?? []), ...budgets];
    });
    return executionAnswer(await executionOfEvents(queries, events));
  };

  return [
    defineRoute({
      method: 'post',
      path: '/api/v1/executions',
      counts: 'call',
      summary: 'Call a tool',
      description:
        'Answers when the tool has. A tool that answers an error is answered with 200, status failed and error code ' +
        'tool_error. Whatever happens, the execution and its events are kept: a problem names the execution in ' +
        '`executionId`.',
      tags: ['executions'],
      access: { permission: 'mcp:call', on: 'some' },
      problems: [404, 409, 501, 502, 504],
      request: { body: executionInput },
      responses: { 200: { description: 'The execution, ended', schema: execution } },
      examples: [
        {
          summary: 'Let the server say something back',
          body: { mcpId: 'everything', tool: 'echo', arguments: { message: 'hello' } },
        },
      ],
      async handler({ body }, context) {
        if (body.mode === 'async') {
          throw new DomainError('unsupported', 'not_implemented', 'asynchronous execution is not implemented yet', [
            { pointer: '/mode', detail: 'must be "sync"' },
          ]);
        }
        const { tool, arguments: given, version, timeoutMs } = body;
        return run(context, {
          mcpId: await resolveMcpId(commands, body.mcpId),
          tool,
          arguments: given,
          ...(version === undefined ? {} : { version }),
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/executions',
      summary: 'List executions',
      description: 'One’s own; with the permission execution:read-all everybody’s.',
      tags: ['executions'],
      access: { permission: 'execution:read' },
      reads: 'executions',
      request: {
        query: z.strictObject({
          ...listQuery,
          mcpId: idParam.exactOptional(),
          tool: z.string().min(1).max(500).exactOptional(),
          status: executionStatus.exactOptional(),
          mode: z.enum(['sync', 'async']).exactOptional(),
          requestedBy: z.string().min(1).max(300).exactOptional(),
          replayOf: idParam.exactOptional(),
          from: timeParam.exactOptional(),
          to: timeParam.exactOptional(),
          q: z
            .string()
            .min(1)
            .max(500)
            .exactOptional()
            .meta({ description: 'Words that all occur in what was asked or answered; "in quotes" in this order' }),
          asOf: asOfParam.exactOptional(),
        }),
      },
      responses: { 200: { description: 'A page of executions', schema: executionPage } },
      examples: [{ summary: 'The last ones that failed', query: { status: 'failed', limit: '10' } }],
      handler: async ({ query }, context) => ok(await listExecutions(queries, viewerOf(context), query)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/executions/{id}',
      summary: 'Read an execution',
      tags: ['executions'],
      access: { permission: 'execution:read', others: 'execution:read-all' },
      reads: 'executions',
      versioned: true,
      request: { params, query: z.strictObject(momentQuery) },
      responses: { 200: { description: 'The execution', schema: execution } },
      examples: [{ summary: 'By id', params: example }],
      async handler({ params: { id }, query }, context) {
        const { resource, revision } = await getExecution(queries, viewerOf(context), id, query);
        return ok(resource, revision);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/executions/{id}/cancel',
      summary: 'Cancel an execution',
      description: 'The server is told, too. Those of others need the permission execution:manage.',
      tags: ['executions'],
      access: { permission: 'mcp:call', on: 'some', others: 'execution:manage' },
      conditional: true,
      problems: [409],
      request: { params },
      responses: { 200: { description: 'The execution, cancelled', schema: execution } },
      async handler({ params: { id } }, context) {
        const { principal } = context;
        const seesAll = may(principal, 'execution:manage');
        // Somebody else's is as if it did not exist.
        await getExecution(queries, { actor: principal.actor, seesAll }, id, { revision: 0 });
        const { resource, revision, position } = await executionOfEvents(
          queries,
          await executions.cancel(context.command(), id),
        );
        return { status: 200, body: resource, revision, position };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/executions/{id}/replay',
      counts: 'call',
      summary: 'Run an execution again',
      description: 'With the same arguments, on the same version of the mcp unless the body names another.',
      tags: ['executions'],
      access: { permission: 'mcp:call', on: 'some', others: 'execution:read-all' },
      problems: [409, 502, 504],
      request: {
        params,
        body: z.strictObject({ version: z.int().min(1).exactOptional() }).meta({ id: 'Replay' }),
        bodyOptional: true,
      },
      responses: { 200: { description: 'The new execution, ended; `replayOf` names the old one', schema: execution } },
      examples: [{ summary: 'On the version it ran on', params: example, body: {} }],
      async handler({ params: { id }, body }, context) {
        const { resource: past } = await getExecution(queries, viewerOf(context), id, { revision: 0 });
        const { mcpId, mcpVersion, tool, timeoutMs } = past;
        const version = body.version ?? mcpVersion;
        return run(context, { mcpId, tool, arguments: past.arguments, version, timeoutMs, replayOf: id });
      },
    }),
  ];
}

function viewerOf({ principal }: RequestContext): Viewer {
  return { actor: principal.actor, seesAll: may(principal, 'execution:read-all') };
}
