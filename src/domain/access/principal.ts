import { authorize, type Asker } from './authorize.ts';
import { everything } from './resource.ts';
import type { Permission } from './roles.ts';

/** Who asks. */
export interface Principal extends Asker {
  readonly userId: string | null;
  readonly tenant: string;
  /** The session that the credential belongs to; its end ends the credential. */
  readonly sessionId: string | null;
  /** What speaks for the principal when it is not a session: `api-key:<id>`, `oauth-client:<id>`. */
  readonly via?: string;
}

/** Who asks, by which credential: what one key was answered is not for another one of the same user. */
export function credentialOf({ actor, via }: Principal): string {
  return via === undefined ? actor : `${actor} ${via}`;
}

/** May the principal do this with everything of the kind? */
export function may(principal: Principal, permission: Permission): boolean {
  return authorize(principal, permission, everything).allowed;
}
