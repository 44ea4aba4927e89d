import { Passport } from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';
import { accessClaimsOf, algorithm, audience, issuer, type AccessClaims } from './access-tokens.ts';

/** The claims of an access token. @throws HttpProblem 401 it is not one of ours, or is over */
export type TokenCheck = (token: string) => Promise<AccessClaims>;

/**
 * Checks access tokens by passport's JWT strategy: HS256 alone, whatever the token itself names (`alg`, `kid`, `jku`).
 * HTTP, SSE and WebSocket all check tokens here.
 */
export function createTokenCheck(secret: string): TokenCheck {
  const passport = new Passport();
  const strategy = new Strategy(
    {
      secretOrKey: secret,
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      algorithms: [algorithm],
      issuer,
      audience,
    },
    (payload: unknown, done) => done(null, accessClaimsOf(payload) ?? false),
  );
  passport.use(strategy);
  return (token) =>
    new Promise((resolve, reject) => {
      const answered = (error: unknown, claims: AccessClaims | false | undefined, failure: unknown) => {
        if (error instanceof Error) reject(error);
        else if (claims) resolve(claims);
        else reject(invalidToken(failure instanceof Error && failure.name === 'TokenExpiredError'));
      };
      const check = passport.authenticate('jwt', { session: false }, answered) as (
        request: object,
        response: object,
      ) => void;
      check({ headers: { authorization: `Bearer ${token}` } }, {});
    });
}

function invalidToken(expired: boolean): HttpProblem {
  const detail = expired ? 'the access token has expired' : 'the access token is not valid';
  return new HttpProblem(401, 'invalid_token', detail, { headers: challenge('invalid_token') });
}
