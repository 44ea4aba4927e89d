import type { RouteClass } from '../../domain/limits/rule.ts';
import type { Limiter } from '../../ports/limiter.ts';
import type { RequestContext } from '../route/request-context.ts';
import { useOf } from './request-use.ts';

/** Counts a request, and keeps what is left for its answer. @throws RateLimited */
export type Count = (routeClass: RouteClass, context: RequestContext) => Promise<void>;

export function createCount(limiter: Limiter): Count {
  return async (routeClass, context) => {
    const { principal, remoteAddress } = context;
    ({ budgets: context.budgets } = await limiter.take(useOf(routeClass, principal, remoteAddress)));
  };
}

/** Counts a request that does several things at once as that many, itself included. @throws RateLimited */
export async function countRest(
  limiter: Limiter,
  routeClass: RouteClass,
  context: RequestContext,
  items: number,
): Promise<void> {
  if (items < 2) return;
  const use = useOf(routeClass, context.principal, context.remoteAddress);
  ({ budgets: context.budgets } = await limiter.take({ ...use, cost: items - 1 }));
}
