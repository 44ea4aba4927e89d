import type { LoginLimiter } from '../auth/login-limiter.ts';
import type { Principals } from '../auth/principals.ts';
import type { SigningKeys } from '../auth/signing-keys.ts';
import type { HttpDeps } from '../deps.ts';
import type { OAuthServer } from '../oauth/server.ts';
import type { Feed } from '../feed/feed.ts';

/** What the handlers of routes work with. */
export interface RouteParts extends HttpDeps {
  readonly principals: Principals;
  readonly keys: SigningKeys;
  readonly feed: Feed;
  readonly logins: LoginLimiter;
  readonly oauth: OAuthServer;
}
