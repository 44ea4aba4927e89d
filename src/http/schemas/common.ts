import { z } from 'zod';

export const id = z.string().meta({ format: 'uuid' });
export const time = z.string().meta({ format: 'date-time', description: 'RFC 3339, UTC' });
export const position = z.int().meta({ description: 'Position in the log' });
export const jsonObject = z.record(z.string(), z.unknown());

/** A page of a list. */
export function pageOf(item: z.ZodType, name: string) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id: `${name}Page` });
}

export const problemSchema = z
  .looseObject({
    type: z.string().meta({ format: 'uri' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string().meta({ description: 'Stable; what programs match on' }),
    errors: z
      .array(
        z.object({
          pointer: z
            .string()
            .meta({ description: 'JSON pointer (RFC 6901) into the body, or the name of a parameter' }),
          detail: z.string(),
          in: z.enum(['path', 'query', 'header']).optional().meta({ description: 'Absent: the body' }),
        }),
      )
      .optional(),
    correlationId: z.string(),
  })
  .meta({ id: 'Problem', description: 'What went wrong (RFC 9457)' });
