import { z } from 'zod';

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** A whole number in a path or a query. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .meta({ override: { type: 'integer', minimum: min, maximum: max } });
}

export const positionParam = wholeNumber(0, Number.MAX_SAFE_INTEGER);

export const yesOrNo = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Several values in one parameter. */
export const commaSeparated = z
  .string()
  .min(1)
  .max(2000)
  .transform((text) => text.split(',').map((part) => part.trim()))
  .meta({ override: { type: 'string' } });

export const idParam = z
  .string()
  .regex(uuid, 'must be an id (UUID)')
  .toLowerCase()
  .meta({ override: { type: 'string', format: 'uuid' } });

export const idOrNameParam = z.string().min(1).max(200).meta({ description: 'The id, or the name' });

export const asOfParam = z
  .string()
  .min(1)
  .max(40)
  .meta({ description: 'The state as of this time (RFC 3339) or this position of the log' });

export const revisionParam = wholeNumber(0, Number.MAX_SAFE_INTEGER).meta({
  description: 'The resource as it was at this revision; not together with asOf',
});

export const timeParam = z.string().min(1).max(40).meta({ description: 'A time (RFC 3339)' });

/** Which state of a resource. */
export const momentQuery = { asOf: asOfParam.exactOptional(), revision: revisionParam.exactOptional() };

/** Which part of a list. */
export const pageQuery = {
  limit: wholeNumber(1, 200).exactOptional().meta({ description: 'Items on a page, 50 when absent' }),
  cursor: z.string().min(1).max(4096).exactOptional().meta({ description: 'nextCursor of the page before' }),
};

export const listQuery = {
  ...pageQuery,
  sort: z
    .string()
    .min(1)
    .max(200)
    .exactOptional()
    .meta({ description: 'Fields in order of weight, with - before those that descend: -updatedAt,name' }),
};
