import type { Principal } from '../../domain/access/principal.ts';

/** Somebody who has not said who he is. He has no permissions: only public routes answer him. */
export const anonymous: Principal = {
  actor: 'anonymous',
  userId: null,
  tenant: 'default',
  roles: [],
  sessionId: null,
};
