import { z } from 'zod';
import { mcpDefinitionSchema, mcpNameSchema, transportSchema } from '../../commands/mcp-definition.ts';
import { id, jsonObject, pageOf, time } from './common.ts';

const faults = z.array(z.object({ pointer: z.string(), detail: z.string() }));

export const mcpInput = mcpDefinitionSchema.meta({ id: 'McpDefinition' });

/** A JSON merge patch (RFC 7396); the command checks what it makes of the definition. */
export const mcpPatch = z
  .strictObject({
    name: mcpNameSchema.exactOptional(),
    description: z.string().max(4000).nullable().exactOptional(),
    tags: z.array(z.string().min(1).max(50)).max(50).nullable().exactOptional(),
    transport: jsonObject
      .exactOptional()
      .meta({ description: 'A merge patch of the transport; one of another type replaces it' }),
  })
  .meta({ id: 'McpPatch', description: 'A JSON merge patch (RFC 7396): null resets a field' });

const toolSummary = z.looseObject({
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  annotations: jsonObject.optional(),
});

export const mcp = z
  .object({
    id,
    name: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    status: z.enum(['active', 'retired']),
    version: z.int(),
    transport: transportSchema,
    tools: z.array(toolSummary).meta({ description: 'Without schemas: those are in the list of tools' }),
    discovery: z.object({
      status: z.enum(['pending', 'discovered', 'failed']),
      error: z.object({ code: z.string(), message: z.string() }).optional(),
    }),
    drift: z
      .object({
        added: z.array(z.string()),
        removed: z.array(z.string()),
        changed: z.array(z.string()),
        detectedAt: time,
      })
      .nullable()
      .meta({
        description:
          'Set while the server offers other things than the newest version says. Calls of the tools it names are refused ' +
          'until a version says what they are now',
      }),
    createdAt: time,
    updatedAt: time,
    createdBy: z.string(),
  })
  .meta({ id: 'Mcp' });

export const mcpPage = pageOf(mcp, 'Mcp');

const versionFields = {
  mcpId: id,
  version: z.int(),
  reason: z.enum(['registration', 'change', 'discovery', 'rollback']),
  rolledBackTo: z.int().nullable(),
  name: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  transport: transportSchema,
  toolCount: z.int(),
  publishedAt: time,
  publishedBy: z.string(),
  discoveredAt: time.nullable(),
};

export const versionSummary = z.object(versionFields).meta({ id: 'McpVersionSummary' });
export const versionPage = pageOf(versionSummary, 'McpVersion');

export const tool = z
  .looseObject({
    name: z.string(),
    title: z.string().optional(),
    description: z.string().optional(),
    inputSchema: jsonObject,
    outputSchema: jsonObject.optional(),
    annotations: jsonObject.optional(),
  })
  .meta({ id: 'Tool', description: 'A tool as its server describes it (MCP)' });

export const named = z.looseObject({ name: z.string() });

export const version = z
  .object({
    ...versionFields,
    packages: z
      .object({
        source: z.enum(['registry', 'installed']),
        items: z.array(z.object({ name: z.string(), version: z.string(), integrity: z.string().nullable() })),
      })
      .nullable()
      .meta({ description: 'The packages that the launch means, pinned: what runs is this or nothing' }),
    server: z.object({ name: z.string(), version: z.string(), protocolVersion: z.string() }).nullable(),
    tools: z.array(tool),
    prompts: z.array(named),
    resources: z.array(named),
    resourceTemplates: z.array(named),
    hiddenText: z
      .array(
        z.object({
          pointer: z.string().meta({ description: 'Into this version; tools and the like are found by name' }),
          characters: z.array(z.string()).meta({ description: 'Each that occurs, as U+200B' }),
          shown: z.string().meta({ description: 'The text with what is hidden written out' }),
        }),
      )
      .meta({
        description:
          'Texts with characters that nobody sees and a model reads: zero-width characters, turns of direction, tags. ' +
          'At most 200',
      }),
  })
  .meta({ id: 'McpVersion' });

export function offerPage(item: z.ZodType, name: string) {
  return z
    .object({
      version: z.int(),
      discovered: z.boolean().meta({ description: 'False while the server has not told what it offers' }),
      items: z.array(item),
      nextCursor: z.string().nullable(),
    })
    .meta({ id: `${name}OfferPage` });
}

export const importResult = z
  .object({
    items: z.array(
      z.object({
        source: z.string().meta({ description: 'The name in the file' }),
        name: z.string().nullable(),
        status: z.enum(['registered', 'exists', 'skipped', 'failed']),
        id: id.nullable(),
        reason: z.string().nullable(),
        errors: faults,
      }),
    ),
  })
  .meta({ id: 'ImportResult' });
