import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Permission } from '../../domain/access/roles.ts';
import type { RouteClass } from '../../domain/limits/rule.ts';
import type { Answer } from '../answer.ts';
import type { RequestContext } from './request-context.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Who may call a route. There is no default: a route that does not say fails at start. */
export type Access = { readonly public: true } | GuardedAccess;

export interface GuardedAccess {
  readonly permission: Permission;
  /**
   * What the permission has to be for. Absent: everything of the kind. `mcp`: the mcp that the path names; to who may not
   * read it, it does not exist. `some`: whoever has it for anything comes through, and the handler, or the command, asks
   * again when it knows for what.
   */
  readonly on?: 'mcp' | 'some';
  /** Of single things that have an owner: without this permission somebody else's is as if it did not exist. */
  readonly others?: Permission;
  /** Only a person's own session will do: a credential must not make others, or outlive itself. */
  readonly session?: true;
  /** A request that needs no principal, for a reason of its own. */
  readonly unless?: (request: IncomingMessage) => boolean;
}

export interface RequestSchemas {
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The request may come without a body, which then is `{}`. */
  readonly bodyOptional?: true;
}

/** One answer of a route, for the documentation and for its tests. */
export interface ResponseDoc {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Absent: `application/json` when there is a schema. */
  readonly contentType?: string;
}

/** A request that works, as the documentation shows it. */
export interface RouteExample {
  readonly summary: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of the answer, when it is not the first one documented. */
  readonly status?: number;
}

/** What a route says about itself: enough to mount, check, document and test it. */
export interface RouteDoc {
  readonly method: Method;
  /** With `{name}` for each parameter, as in OpenAPI. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly access: Access;
  readonly request?: RequestSchemas;
  readonly responses: Readonly<Record<number, ResponseDoc>>;
  readonly examples?: readonly RouteExample[];
  /** Statuses of the problems that this route has besides those that its schemas and access bring with them. */
  readonly problems?: readonly number[];
  /** The read model that it answers from: the answer waits for what the caller wrote, and says how far the model is. */
  readonly reads?: string;
  /**
   * The answer may be kept until its read model changes: it follows from the model, from the request, from what the caller
   * may do and, where he may not do it with everything, from who he is. Not from the time, and not from the log.
   */
  readonly keeps?: {
    /** Other read models that it answers from as well. */
    readonly alsoReads?: readonly string[];
  };
  /**
   * What rules of rate limits count a request as. Absent: a feed is a `stream`, other reads are `read`, changes
   * `write`, and those that need no principal `auth`.
   * What a `call` takes from the budgets of its tool is counted where the tool is called. `free`: by none.
   */
  readonly counts?: RouteClass | 'free';
  /** Its answer is one resource, with an ETag. */
  readonly versioned?: true;
  /** Not in the OpenAPI document. */
  readonly undocumented?: true;
  /** Its handler reads query and body itself, in whatever form they come. */
  readonly raw?: true;
  /** Pages of every origin may read what it answers. Only where nobody is known by what a browser sends by itself. */
  readonly crossOrigin?: true;
  /** Its answer is a stream of events. */
  readonly feed?: true;
  /** A change that knows revisions: `If-Match` is taken. */
  readonly conditional?: true;
  /** The answer is kept in memory only, never stored: it carries secrets, or personal data of many. */
  readonly secretAnswer?: true;
}

export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** The handler of a route with its checked input. */
export type Prepared = (context: RequestContext) => Answer | Promise<Answer>;

/** A route as it is mounted. */
export interface Route extends RouteDoc {
  /** Checks the input. @throws HttpProblem naming every fault */
  readonly prepare: (raw: RawInput) => Prepared;
}
