import type { Authenticator } from './auth/authenticator.ts';
import type { HttpDeps } from './deps.ts';
import { createOnce } from './idempotency/once.ts';
import { createCount } from './limits/count.ts';
import { createBodyReader } from './middleware/json-body.ts';
import { createAdmission } from './route/admission.ts';
import type { AnswerCache } from './route/answer-cache.ts';
import { askedPosition, createConsistency } from './route/consistency.ts';
import { isNotFound, modelBehind } from './route/model-behind.ts';
import type { Pipeline } from './route/serve.ts';
import type { AnswerWriter } from './write-answer.ts';

/** Puts together what stands between a request and its handler. */
export function createPipeline(
  deps: HttpDeps,
  authenticator: Authenticator,
  writer: AnswerWriter,
  cached: AnswerCache,
): Pipeline {
  const { models, blobs } = deps.queries;
  const consistency = createConsistency(models);
  return {
    authenticate: authenticator.authenticate,
    admit: createAdmission(deps.commands),
    count: createCount(deps.limits),
    readBody: createBodyReader(deps.settings.bodyLimitBytes),
    once: createOnce(deps.idempotency, blobs),
    async read(route, context, run) {
      const { reads = '' } = route;
      const asked = askedPosition(context.request.headers['x-wait-for-position']);
      const wanted = consistency.wanted(context.principal, asked);
      const settled = consistency.settle(reads, wanted);
      const position = typeof settled === 'number' ? settled : await settled;
      try {
        const answer = await cached(route, context, run);
        return { ...answer, headers: { ...answer.headers, 'X-Read-Position': String(position) } };
      } catch (error) {
        // Whether it is there, only a model could say that has what was written.
        if (position < wanted && isNotFound(error)) throw modelBehind(position, error);
        throw error;
      }
    },
    wrote(context, position) {
      if (position !== undefined) consistency.wrote(context.principal, position);
    },
    writer,
  };
}
