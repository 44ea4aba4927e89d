import { v7 as uuidv7 } from 'uuid';
import type { Principal } from '../domain/access/principal.ts';
import { administratorsDecider, administratorsId } from '../domain/administrators/decider.ts';
import { load } from './load.ts';
import { registerUser, userIdByName, type UserDeps } from './users.ts';

const system: Principal = { actor: 'system:start', userId: null, tenant: 'default', roles: ['admin'], sessionId: null };

/**
 * Registers the user `admin` when there is none. One who was erased, which leaves another administrator, does not come back.
 * @returns whether the password was used
 */
export async function ensureAdministrator(deps: UserDeps, password: string): Promise<boolean> {
  if ((await userIdByName(deps, 'admin')) !== undefined) return false;
  const { state } = await load(deps.store, deps.aggregates, administratorsDecider, `policy-${administratorsId}`);
  if (state.length > 0) return false;
  const commandId = uuidv7();
  const context = { commandId, principal: system, correlationId: commandId };
  const admin = { username: 'admin', email: 'admin@localhost.invalid', password };
  await registerUser(deps, context, admin, ['admin']);
  return true;
}
