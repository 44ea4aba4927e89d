import { z } from 'zod';
import { changeMcp, registerMcp, restoreMcp, retireMcp, rollBackMcp } from '../../commands/mcps.ts';
import { demandMcpRevision } from '../../commands/load-mcp.ts';
import { settingSecretIds } from '../../commands/secrets/resolve.ts';
import type { Outcome } from '../../commands/transaction.ts';
import { getMcp } from '../../queries/mcps/get.ts';
import { createMcpList } from '../../queries/mcps/list.ts';
import { ok, type JsonAnswer } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { mcp, mcpInput, mcpPage, mcpPatch } from '../schemas/mcp.ts';
import { asOfParam, commaSeparated, idOrNameParam, listQuery, momentQuery, yesOrNo } from '../schemas/params.ts';
import { exampleIds } from './example-ids.ts';
import { resolveMcpId } from './mcp-id.ts';
import type { RouteParts } from './parts.ts';

const params = z.strictObject({ id: idOrNameParam });
const example = { id: exampleIds.mcp };
const serverEverything = {
  name: 'everything',
  description: 'The reference server of the protocol',
  tags: ['demo'],
  transport: { type: 'stdio', command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything@2026.8.31'] },
};

/** Managed MCP servers: registering, changing, retiring. */
export function mcpRoutes({ commands, queries, discovery, upstreams }: RouteParts): readonly Route[] {
  const listMcps = createMcpList(queries);

  /** The mcp as its last event left it, from the log: no read model has to be waited for. */
  const changed = async (id: string, outcome: Pick<Outcome<unknown>, 'revision' | 'position'>): Promise<JsonAnswer> => {
    const { revision, position } = outcome;
    const { resource } = await getMcp(queries, id, { revision });
    return { status: 200, body: resource, revision, position };
  };

  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/mcps',
      summary: 'List mcps',
      description: 'Retired ones too, unless status says otherwise.',
      tags: ['mcps'],
      access: { permission: 'mcp:read', on: 'some' },
      reads: 'mcps',
      keeps: {},
      request: {
        query: z.strictObject({
          ...listQuery,
          name: z.string().min(1).max(100).exactOptional(),
          status: z.enum(['active', 'retired']).exactOptional(),
          tags: commaSeparated.exactOptional().meta({ description: 'All of these, separated by commas' }),
          createdBy: z.string().min(1).max(300).exactOptional(),
          discovery: z.enum(['pending', 'discovered', 'failed']).exactOptional(),
          drifted: yesOrNo.exactOptional(),
          asOf: asOfParam.exactOptional(),
        }),
      },
      responses: { 200: { description: 'A page of mcps', schema: mcpPage } },
      examples: [{ summary: 'The active ones, by name', query: { status: 'active', sort: 'name', limit: '20' } }],
      handler: async ({ query }, { principal }) => ({
        status: 200,
        body: await listMcps(query, principal),
        shared: true,
      }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/mcps',
      summary: 'Register an mcp',
      description:
        'The server is asked at once what it offers. Should it not answer, the mcp is registered all the same, and ' +
        '`discovery` tells why. A stdio command needs the permission mcp:register-command.',
      tags: ['mcps'],
      access: { permission: 'mcp:write', on: 'some' },
      request: { body: mcpInput },
      responses: { 201: { description: 'Registered', schema: mcp } },
      examples: [{ summary: 'A program, spoken to by stdio', body: { ...serverEverything, name: 'everything-2' } }],
      async handler({ body }, context) {
        const id = context.commandId;
        await registerMcp(commands, context.command(), body);
        const { position } = await discovery.discover(context.command(), id);
        const { resource, revision } = await getMcp(queries, id, { asOf: position });
        return { status: 201, headers: { Location: `/api/v1/mcps/${id}` }, body: resource, revision, position };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/mcps/{id}',
      summary: 'Read an mcp',
      tags: ['mcps'],
      access: { permission: 'mcp:read', on: 'mcp' },
      reads: 'mcps',
      keeps: {},
      versioned: true,
      request: { params, query: z.strictObject(momentQuery) },
      responses: { 200: { description: 'The mcp', schema: mcp } },
      examples: [{ summary: 'By name', params: example }],
      async handler({ params: { id }, query }) {
        const { resource, revision } = await getMcp(queries, id, query);
        return ok(resource, revision);
      },
    }),
    defineRoute({
      method: 'patch',
      path: '/api/v1/mcps/{id}',
      summary: 'Change an mcp',
      description: 'A JSON merge patch (RFC 7396). What differs makes the next version.',
      tags: ['mcps'],
      access: { permission: 'mcp:write', on: 'mcp' },
      conditional: true,
      problems: [409],
      request: { params, body: mcpPatch },
      responses: { 200: { description: 'The mcp', schema: mcp } },
      examples: [{ summary: 'Another description', params: example, body: { description: 'For trying things out' } }],
      async handler({ params: { id }, body }, context) {
        const mcpId = await resolveMcpId(commands, id);
        const outcome = await changeMcp(commands, context.command(), mcpId, body);
        // Another value of a setting is no other version; calls that follow have it all the same.
        if (body.transport !== undefined) {
          for (const id of settingSecretIds(mcpId, outcome.state.definition.transport)) upstreams.secretChanged(id);
        }
        // Another server is reached from now on: what it offers belongs to the new version.
        const isUnasked = outcome.events.length > 0 && outcome.state.offer === null;
        return changed(mcpId, isUnasked ? await discovery.discover(context.command(), mcpId) : outcome);
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/v1/mcps/{id}',
      summary: 'Retire an mcp',
      description: 'It can no longer be called or changed. Its versions and executions stay, and it can be restored.',
      tags: ['mcps'],
      access: { permission: 'mcp:write', on: 'mcp' },
      conditional: true,
      request: { params },
      responses: { 200: { description: 'The retired mcp', schema: mcp } },
      async handler({ params: { id } }, context) {
        const mcpId = await resolveMcpId(commands, id);
        return changed(mcpId, await retireMcp(commands, context.command(), mcpId));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/mcps/{id}/restore',
      summary: 'Put a retired mcp back to use',
      tags: ['mcps'],
      access: { permission: 'mcp:write', on: 'mcp' },
      conditional: true,
      request: { params },
      responses: { 200: { description: 'The mcp', schema: mcp } },
      examples: [{ summary: 'By name', params: example }],
      async handler({ params: { id } }, context) {
        const mcpId = await resolveMcpId(commands, id);
        return changed(mcpId, await restoreMcp(commands, context.command(), mcpId));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/mcps/{id}/rollback',
      summary: 'Make an older version the newest again',
      tags: ['mcps'],
      access: { permission: 'mcp:write', on: 'mcp' },
      conditional: true,
      request: { params, body: z.strictObject({ toVersion: z.int().min(1) }).meta({ id: 'RollBack' }) },
      responses: { 200: { description: 'The mcp', schema: mcp } },
      examples: [{ summary: 'Back to the first version', params: example, body: { toVersion: 1 } }],
      async handler({ params: { id }, body }, context) {
        const mcpId = await resolveMcpId(commands, id);
        return changed(mcpId, await rollBackMcp(commands, context.command(), mcpId, body.toVersion));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/mcps/{id}/discover',
      summary: 'Ask the server what it offers',
      description: 'The first answer becomes part of the version; a different one makes the next version.',
      tags: ['mcps'],
      access: { permission: 'mcp:write', on: 'mcp' },
      conditional: true,
      problems: [409],
      request: { params },
      responses: { 200: { description: 'The mcp; `discovery` tells whether the server answered', schema: mcp } },
      examples: [{ summary: 'By name', params: example }],
      async handler({ params: { id } }, context) {
        const mcpId = await resolveMcpId(commands, id);
        const command = context.command();
        // Looked at before the server is asked, which may take long and records several things.
        await demandMcpRevision(commands, command, mcpId);
        const { position } = await discovery.discover(command, mcpId);
        const { resource, revision } = await getMcp(queries, mcpId, { asOf: position });
        return { status: 200, body: resource, revision, position };
      },
    }),
  ];
}
