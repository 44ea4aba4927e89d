import type { Request, Response } from 'express';
import { v7 as uuidv7 } from 'uuid';
import type { CommandContext } from '../../commands/context.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { Revision } from '../../ports/event-store.ts';
import type { BudgetState } from '../../ports/limiter.ts';
import type { TokenClaims } from '../auth/access-tokens.ts';
import { anonymous } from '../auth/anonymous.ts';
import type { KeyClaims } from '../auth/api-key-check.ts';
import { correlationIdOf, traceparentOf } from '../middleware/correlation.ts';

/** One request: who asks, and what its commands will be known by. What few requests need is made when first asked for. */
export class RequestContext {
  readonly request: Request;
  readonly response: Response;
  readonly correlationId: string;
  readonly traceparent: string;
  /** Where the request comes from. */
  readonly remoteAddress: string | undefined;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt = performance.now();
  /** Path of the route that serves it, as the route table has it. */
  route = 'none';
  principal: Principal = anonymous;
  /** Of the credential; undefined where none was asked for. */
  claims: TokenClaims | KeyClaims | undefined;
  /** What is left of the budgets that it took from; undefined while it has not been counted. */
  budgets: readonly BudgetState[] | undefined;
  /** `X-Reason`. */
  reason: string | undefined;
  /** `If-Match`. */
  expectedRevision: Revision | undefined;
  #commandId: string | undefined;
  #abort: AbortController | undefined;

  constructor(request: Request, response: Response, remoteAddress = request.socket.remoteAddress) {
    this.request = request;
    this.response = response;
    this.remoteAddress = remoteAddress;
    this.correlationId = correlationIdOf(request.headers['x-correlation-id']);
    this.traceparent = traceparentOf(request.headers['traceparent']);
  }

  /** Id of the command that the request becomes; what it creates takes this id. */
  get commandId(): string {
    return (this.#commandId ??= uuidv7());
  }

  /** The request was sent before, and became this command. */
  set commandId(id: string) {
    this.#commandId = id;
  }

  /** Aborts when the client goes away before it has its answer. */
  get signal(): AbortSignal {
    return (this.#abort ??= abortOnClose(this.response)).signal;
  }

  /** What the commands of this request carry into their events. */
  command(): CommandContext {
    const { remoteAddress } = this;
    return {
      commandId: this.commandId,
      principal: this.principal,
      correlationId: this.correlationId,
      traceparent: this.traceparent,
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.expectedRevision === undefined ? {} : { expectedRevision: this.expectedRevision }),
    };
  }
}

function abortOnClose(response: Response): AbortController {
  const controller = new AbortController();
  if (response.destroyed) controller.abort();
  else {
    response.once('close', () => {
      if (!response.writableFinished) controller.abort();
    });
  }
  return controller;
}
