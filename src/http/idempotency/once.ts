import { credentialOf } from '../../domain/access/principal.ts';
import { requestText, type IdempotencyKeys } from '../../commands/idempotency.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import { isJson, type Answer, type JsonAnswer } from '../answer.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import { problemDocument, problemMediaType } from '../problem/problem-document.ts';
import { problemOf } from '../problem/problem-of.ts';
import type { RequestContext } from '../route/request-context.ts';
import type { Pipeline } from '../route/serve.ts';
import { recordAnswer, replayAnswer } from './answer-record.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { createSecretAnswers } from './secret-answers.ts';

/**
 * Runs a request once for each `Idempotency-Key` of a principal. The answer of a finished request is given again,
 * refusals included; one that failed for reasons that pass (5xx, 429) may be tried again with the same key.
 */
export function createOnce(keys: IdempotencyKeys, blobs: BlobStore): Pipeline['once'] {
  const secretAnswers = createSecretAnswers();
  return async (route, context, body, run) => {
    const key = idempotencyKeyOf(context.request.headers['idempotency-key']);
    const request = requestText(context.request.method, context.request.originalUrl, body);
    if (route.secretAnswer)
      return secretAnswers(credentialOf(context.principal), key, request, () => settled(context, run));

    const claim = await keys.claim(context.command(), key, request);
    if (claim.status === 'answered') return replayAnswer(blobs, claim.answer);
    if (claim.status === 'erased') throw erased();
    context.commandId = claim.commandId;
    try {
      const answer = await settled(context, run);
      if (!isJson(answer)) throw new Error(`${route.path} cannot be answered again`);
      if (passing(answer.status)) claim.release();
      else await claim.answer(await recordAnswer(blobs, answer));
      return answer;
    } catch (error) {
      claim.release();
      throw error;
    }
  };
}

function erased(): HttpProblem {
  const detail = 'this request was done before, and its answer told of a user who has been erased since';
  return new HttpProblem(410, 'answer_erased', detail);
}

/** Whether the same request may well be answered otherwise a moment later. A call that upstream failed has happened. */
function passing(status: number): boolean {
  return status === 429 || status === 500 || status === 503;
}

/** The answer, also when it is a problem. */
async function settled(
  context: RequestContext,
  run: (context: RequestContext) => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    return await run(context);
  } catch (error) {
    const problem = problemOf(error);
    // Not an answer to keep, and the error handler has to see what happened.
    if (passing(problem.status)) throw error;
    const { request, correlationId } = context;
    return {
      status: problem.status,
      headers: { ...problem.headers, 'Content-Type': problemMediaType },
      ...(problem.position === undefined ? {} : { position: problem.position }),
      body: problemDocument(problem, request.path, correlationId),
    } satisfies JsonAnswer;
  }
}
