import { z } from 'zod';
import { diffMcp } from '../../queries/mcps/diff.ts';
import { listPrompts, listResources, listTools } from '../../queries/mcps/offer.ts';
import { getVersion, listVersions } from '../../queries/mcps/versions.ts';
import { ok } from '../answer.ts';
import { defineRoute } from '../route/define-route.ts';
import type { Route } from '../route/route.ts';
import { mcpDiff } from '../schemas/diff.ts';
import { named, offerPage, tool, version, versionPage } from '../schemas/mcp.ts';
import { asOfParam, idOrNameParam, momentQuery, pageQuery, wholeNumber } from '../schemas/params.ts';
import { exampleIds } from './example-ids.ts';
import type { RouteParts } from './parts.ts';

const params = z.strictObject({ id: idOrNameParam });
const versionNumber = wholeNumber(1, 1_000_000_000);
const versionParams = z.strictObject({ id: idOrNameParam, n: versionNumber });
const asOf = asOfParam.exactOptional();
const offerQuery = z.strictObject({
  ...pageQuery,
  ...momentQuery,
  version: versionNumber.exactOptional().meta({ description: 'The newest when absent' }),
});
const example = { id: exampleIds.mcp };

/** Versions of mcps and what their servers offer. */
export function mcpVersionRoutes({ queries }: RouteParts): readonly Route[] {
  const offered = (
    what: 'tools' | 'prompts' | 'resources',
    item: z.ZodType,
    list: typeof listTools | typeof listPrompts,
  ) =>
    defineRoute({
      method: 'get',
      path: `/api/v1/mcps/{id}/${what}`,
      summary: `List the ${what} of an mcp`,
      ...(what === 'resources' ? { description: 'Resources, then resource templates, which have a uriTemplate.' } : {}),
      tags: ['mcps'],
      access: { permission: 'mcp:read', on: 'mcp' },
      reads: 'mcps',
      keeps: { alsoReads: ['mcp_versions'] },
      request: { params, query: offerQuery },
      responses: {
        200: {
          description: `A page of ${what}`,
          schema: offerPage(item, `${what[0]?.toUpperCase() ?? ''}${what.slice(1)}`),
        },
      },
      examples: [{ summary: `The ${what} of the newest version`, params: example }],
      handler: async ({ params: { id }, query }) => ok(await list(queries, id, query)),
    });

  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/mcps/{id}/versions',
      summary: 'List the versions of an mcp',
      description: 'The newest first.',
      tags: ['mcps'],
      access: { permission: 'mcp:read', on: 'mcp' },
      reads: 'mcps',
      keeps: { alsoReads: ['mcp_versions'] },
      request: { params, query: z.strictObject({ ...pageQuery, asOf }) },
      responses: { 200: { description: 'A page of versions', schema: versionPage } },
      examples: [{ summary: 'By name', params: example }],
      handler: async ({ params: { id }, query }) => ok(await listVersions(queries, id, query)),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/mcps/{id}/versions/{n}',
      summary: 'Read one version of an mcp, whole',
      tags: ['mcps'],
      access: { permission: 'mcp:read', on: 'mcp' },
      reads: 'mcps',
      keeps: { alsoReads: ['mcp_versions'] },
      versioned: true,
      request: { params: versionParams, query: z.strictObject({ asOf }) },
      responses: { 200: { description: 'The version', schema: version } },
      examples: [{ summary: 'The first version', params: { ...example, n: '1' } }],
      async handler({ params: { id, n }, query }) {
        const { resource, revision } = await getVersion(queries, id, n, query);
        return ok(resource, revision);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/mcps/{id}/versions/{n}/diff',
      summary: 'Compare two versions of an mcp',
      description: 'Tells every difference, and which of them may break callers.',
      tags: ['mcps'],
      access: { permission: 'mcp:read', on: 'mcp' },
      reads: 'mcps',
      keeps: { alsoReads: ['mcp_versions'] },
      request: {
        params: versionParams,
        query: z.strictObject({
          to: versionNumber.exactOptional().meta({ description: 'The newest when absent' }),
          asOf,
        }),
      },
      responses: { 200: { description: 'The differences', schema: mcpDiff } },
      examples: [
        { summary: 'From the first version to the second', params: { ...example, n: '1' }, query: { to: '2' } },
      ],
      handler: async ({ params: { id, n }, query }) => ok(await diffMcp(queries, id, { from: n, ...query })),
    }),
    offered('tools', tool, listTools),
    offered('prompts', named, listPrompts),
    offered('resources', named, listResources),
  ];
}
