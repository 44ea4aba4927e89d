import { z } from 'zod';
import { DomainError } from '../domain/error.ts';
import type { McpDefinition } from '../domain/mcp/definition.ts';

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const oneLine = z.string().regex(/^[^\0\r\n]*$/, 'must not contain NUL or line breaks');

const settingValue = z.union([
  oneLine.max(8192),
  z.strictObject({
    secret: z.string().min(1).max(300).meta({ description: 'Name of a stored secret' }),
    scope: z
      .literal('user')
      .exactOptional()
      .meta({ description: 'The secret of this name that the caller keeps for himself; absent: the shared one' }),
  }),
]);

const environment = z
  .record(
    z
      .string()
      .max(200)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a variable name'),
    settingValue,
  )
  .meta({
    description:
      'The environment variables of the server; it gets no others. What looks like a credential is kept as a secret of ' +
      'this mcp, and its name takes its place',
  });

const headers = z
  .record(
    z
      .string()
      .max(200)
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be a header name'),
    settingValue,
  )
  .meta({
    description:
      'Sent with every request to the server. What looks like a credential is kept as a secret of this mcp, and its name ' +
      'takes its place',
  });

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(2048)
  .refine((text) => !/^https?:\/\/[^/?#]*@/i.test(text), 'must not carry credentials: use headers');

export const transportSchema = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('stdio'),
      command: oneLine.min(1).max(1024),
      args: z.array(oneLine.max(8192)).max(100).exactOptional(),
      env: environment.exactOptional(),
      cwd: oneLine.min(1).max(4096).exactOptional(),
    }),
    z.strictObject({ type: z.literal('streamable-http'), url: httpUrl, headers: headers.exactOptional() }),
    z.strictObject({ type: z.literal('sse'), url: httpUrl, headers: headers.exactOptional() }),
  ])
  .meta({ id: 'Transport', description: 'How the MCP server is reached' });

export const mcpNameSchema = z
  .string()
  .min(1)
  .max(100)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._ -]*$/u,
    'must start with a letter or digit and hold letters, digits, ". _ -" or spaces',
  )
  .refine((name) => !uuid.test(name), 'must not look like an id')
  .refine((name) => name !== 'import' && name !== 'export', 'must not be "import" or "export", which are routes')
  .refine((name) => name.trim() === name, 'must not end with a space');

/** What a caller says to register an mcp. */
export const mcpDefinitionSchema = z.strictObject({
  name: mcpNameSchema,
  description: z.string().max(4000).default(''),
  tags: z.array(z.string().min(1).max(50)).max(50).default([]),
  transport: transportSchema,
});

/** Checks a definition that did not come through a route's own validation. @throws DomainError `invalid_definition` */
export function parseDefinition(value: unknown): McpDefinition {
  const parsed = mcpDefinitionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => ({
    pointer: issue.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    detail: issue.message,
  }));
  throw new DomainError('invalid', 'invalid_definition', 'this does not make a valid mcp', faults);
}
