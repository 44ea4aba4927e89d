import type { Principal } from '../../domain/access/principal.ts';
import type { LimitedUse } from '../../domain/limits/decide-limit.ts';
import type { RouteClass } from '../../domain/limits/rule.ts';
import type { RouteDoc } from '../route/route.ts';

/** What rules count a request of a route as. */
export function classOf({ counts, feed, method, access }: RouteDoc): RouteClass | 'free' {
  if (counts !== undefined) return counts;
  if (feed === true) return 'stream';
  if (method === 'get') return 'read';
  return 'public' in access ? 'auth' : 'write';
}

/**
 * One use by whoever asks, whatever his credential is.
 * @param address where the request comes from, not what a client makes up: see `createAddressOf`
 */
export function useOf(routeClass: RouteClass, { actor, roles }: Principal, address: string | undefined): LimitedUse {
  return { routeClass, principal: actor, roles, address: address ?? '', cost: 1 };
}
