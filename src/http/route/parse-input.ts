import { z } from 'zod';
import type { RequestFault } from '../problem/http-problem.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { pointerOf } from '../problem/pointer.ts';
import type { RawInput, RequestSchemas } from './route.ts';

const nothing = z.strictObject({});

/**
 * The input as the schemas say it is. Every fault is named at once, wherever it is.
 * @throws HttpProblem 422 `invalid_input`; 404 `not_found` when the path itself names nothing that could exist
 */
export function parseInput(schemas: RequestSchemas, raw: RawInput): RawInput {
  const { params, query, body } = raw;
  const faults: RequestFault[] = [];
  const parsed = {
    params: schemas.params ? parsePart(schemas.params, params, 'path', faults) : undefined,
    query:
      query === undefined && !schemas.query
        ? undefined
        : parsePart(schemas.query ?? nothing, query ?? {}, 'query', faults),
    body: parseBody(schemas, body, faults),
  };
  if (faults.length === 0) return parsed;
  if (faults.some((fault) => fault.in === 'path')) {
    throw new HttpProblem(404, 'not_found', 'nothing can have this path', { faults });
  }
  throw new HttpProblem(422, 'invalid_input', 'the input is not valid', { faults });
}

function parseBody(schemas: RequestSchemas, body: unknown, faults: RequestFault[]): unknown {
  if (!schemas.body) return body === undefined ? undefined : parsePart(nothing, body, undefined, faults);
  if (body === undefined && !schemas.bodyOptional) {
    faults.push({ pointer: '', detail: 'a JSON body is required' });
    return undefined;
  }
  return parsePart(schemas.body, body ?? {}, undefined, faults);
}

function parsePart(schema: z.ZodType, value: unknown, where: RequestFault['in'], faults: RequestFault[]): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  collect(parsed.error.issues, [], value, where, faults);
  return undefined;
}

function collect(
  issues: readonly z.core.$ZodIssue[],
  base: readonly PropertyKey[],
  input: unknown,
  where: RequestFault['in'],
  faults: RequestFault[],
): void {
  const add = (path: readonly PropertyKey[], detail: string) =>
    void faults.push({ pointer: pointerOf(path), detail, ...(where === undefined ? {} : { in: where }) });
  for (const issue of issues) {
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) add([...path, key], 'is not a known field');
    } else if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      // Of several shapes, the one that the input came nearest to says best what is wrong.
      const nearest = issue.errors.reduce((best, other) => (depth(other) > depth(best) ? other : best));
      collect(nearest, path, input, where, faults);
    } else if (issue.code === 'invalid_key') {
      for (const inner of issue.issues) add(path, inner.message);
    } else {
      add(path, missing(input, path) ? 'is required' : decapitalised(issue.message));
    }
  }
}

/** How far into the input the first complaint lies. */
function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

function missing(input: unknown, path: readonly PropertyKey[]): boolean {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return false;
    value = Object.getOwnPropertyDescriptor(value, part)?.value;
  }
  return path.length > 0 && value === undefined;
}

/** `Invalid input: expected string, received number` reads as the rest of a sentence that begins with the field. */
function decapitalised(message: string): string {
  return message
    .replace(/^Invalid (?:input|option|string): /, '')
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}
