import { z } from 'zod';
import { following } from '../../commands/context.ts';
import { importMcps } from '../../commands/import/import-mcps.ts';
import { createMcpList } from '../../queries/mcps/list.ts';
import type { McpResource } from '../../queries/mcps/resource.ts';
import { ok } from '../answer.ts';
import { countRest } from '../limits/count.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { jsonObject } from '../schemas/common.ts';
import { importResult } from '../schemas/mcp.ts';
import { asOfParam } from '../schemas/params.ts';
import type { RouteParts } from './parts.ts';

/** Servers of an import that are asked at one time what they offer. */
const discoveriesAtOnce = 4;

/** Bringing mcps in and taking them out, in the formats that other programs have. */
export function mcpTransferRoutes({ commands, queries, discovery, limits, logger }: RouteParts): readonly Route[] {
  const listMcps = createMcpList(queries);
  return [
    defineRoute({
      method: 'post',
      path: '/api/v1/mcps/import',
      summary: 'Register every server of a configuration file',
      description:
        'Takes `mcpServers` JSON as desktop clients keep it, and `server.json` of the MCP registry. Each server is ' +
        'registered by itself; one that is refused does not keep the others out. Each counts as a change.',
      tags: ['mcps'],
      access: { permission: 'mcp:write', on: 'some' },
      request: { body: jsonObject },
      responses: { 200: { description: 'What became of each server', schema: importResult } },
      examples: [
        {
          summary: 'The file of a desktop client',
          body: { mcpServers: { remote: { type: 'http', url: 'http://127.0.0.1:9/mcp' } } },
        },
      ],
      async handler({ body }, context) {
        const command = context.command();
        const items = await importMcps(commands, command, body, (count) => countRest(limits, 'write', context, count));
        const registered = items.flatMap(({ status, id }) => (status === 'registered' && id !== null ? [id] : []));
        // Each is a change of its own: who reads next shall see the last one.
        const position = registered.length === 0 ? {} : { position: await commands.store.head() };
        // Asking may take long (a program is downloaded first), and what was imported is registered without it.
        void discoverAll(registered, async (id) => {
          await discovery.discover(following(command, id), id);
        }).catch((error: unknown) => logger.warn({ error }, 'imported servers could not be asked what they offer'));
        return { status: 200, body: { items }, ...position };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/mcps/export',
      counts: 'export',
      summary: 'Export the active mcps as mcpServers JSON',
      tags: ['mcps'],
      access: { permission: 'mcp:read', on: 'some' },
      reads: 'mcps',
      request: { query: z.strictObject({ asOf: asOfParam.exactOptional() }) },
      responses: {
        200: {
          description: 'A configuration that desktop clients read',
          schema: z.object({ mcpServers: z.record(z.string(), jsonObject) }).meta({ id: 'McpExport' }),
        },
      },
      examples: [{ summary: 'As they are now' }],
      async handler({ query }, { principal }) {
        const servers: Record<string, unknown> = {};
        let cursor: string | null = null;
        do {
          const wanted = { ...query, status: 'active', sort: 'name', limit: 200 } as const;
          const page = await listMcps({ ...wanted, ...(cursor === null ? {} : { cursor }) }, principal);
          for (const mcp of page.items) servers[mcp.name] = exported(mcp);
          cursor = page.nextCursor;
        } while (cursor !== null);
        return ok({ mcpServers: servers });
      },
    }),
  ];
}

/** One server as `mcpServers` has it. */
function exported({ transport, description }: McpResource): object {
  const { type, ...settings } = transport;
  const common = description === '' ? {} : { description };
  return type === 'stdio'
    ? { ...settings, ...common }
    : { type: type === 'sse' ? 'sse' : 'http', ...settings, ...common };
}

async function discoverAll(ids: readonly string[], discover: (id: string) => Promise<void>): Promise<void> {
  const waiting = [...ids];
  const work = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await discover(id);
  };
  await Promise.all(Array.from({ length: discoveriesAtOnce }, work));
}
