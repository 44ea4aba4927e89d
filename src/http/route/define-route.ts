import type { z } from 'zod';
import type { Answer } from '../answer.ts';
import { parseInput } from './parse-input.ts';
import type { RequestContext } from './request-context.ts';
import type { RequestSchemas, Route, RouteDoc } from './route.ts';

type Parsed<Schemas extends RequestSchemas, Part extends 'params' | 'query' | 'body'> =
  Schemas extends Readonly<Record<Part, infer Schema extends z.ZodType>> ? z.output<Schema> : undefined;

export interface Input<Schemas extends RequestSchemas> {
  readonly params: Parsed<Schemas, 'params'>;
  readonly query: Parsed<Schemas, 'query'>;
  readonly body: Parsed<Schemas, 'body'>;
}

interface Definition<Schemas extends RequestSchemas> extends RouteDoc {
  readonly request?: Schemas;
  readonly handler: (input: Input<Schemas>, context: RequestContext) => Answer | Promise<Answer>;
}

/**
 * A route from its description and its handler, which gets input that has the types of the schemas.
 * @throws Error the route does not say who may call it
 */
export function defineRoute<const Schemas extends RequestSchemas = object>(definition: Definition<Schemas>): Route {
  const { handler, ...doc } = definition;
  const { method, path, access } = doc as { method: string; path: string; access?: RouteDoc['access'] };
  if (access === undefined || !('public' in access || 'permission' in access)) {
    throw new Error(`${method.toUpperCase()} ${path} does not say who may call it`);
  }
  const schemas: RequestSchemas = doc.request ?? {};
  return {
    ...doc,
    prepare: (raw) => {
      // What `parseInput` answers has the types that the schemas say.
      const input = parseInput(schemas, raw) as Input<Schemas>;
      return (context) => handler(input, context);
    },
  };
}
