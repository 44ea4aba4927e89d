import { z } from 'zod';

export const mcpDiff = z
  .object({
    from: z.int(),
    to: z.int(),
    changes: z.array(
      z.object({
        pointer: z.string().meta({ description: 'Into the version; tools and the like by name: /tools/<name>/title' }),
        op: z.enum(['add', 'remove', 'replace']),
        before: z.unknown(),
        after: z.unknown(),
      }),
    ),
    tools: z.object({ added: z.array(z.string()), removed: z.array(z.string()), changed: z.array(z.string()) }),
    breaking: z
      .array(z.object({ tool: z.string(), code: z.string(), reason: z.string(), pointer: z.string() }))
      .meta({ description: 'What may break those who call the tools or read their results' }),
  })
  .meta({ id: 'McpDiff' });
