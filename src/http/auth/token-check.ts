import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose';
import { JWTExpired } from 'jose/errors';
import { Passport } from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';
import { accessClaimsOf, audience, issuer, tokenType, type AccessClaims } from './access-tokens.ts';
import type { SigningKey, SigningKeys } from './signing-keys.ts';

/** The claims of an access token. @throws HttpProblem 401 it is not one of ours, or is over */
export type TokenCheck = (token: string) => Promise<AccessClaims>;

/** The payload of a token that one of our keys signed for us. A key has one algorithm, whatever the token says. */
async function payloadOf(token: string, key: SigningKey['verify']): Promise<unknown> {
  const [verifying, algorithm] =
    typeof key === 'string' ? ([await importSPKI(key, 'EdDSA'), 'EdDSA'] as const) : ([key, 'HS256'] as const);
  const requiredClaims = ['sub', 'sid', 'iat', 'exp'];
  const expected = { algorithms: [algorithm], issuer, audience, typ: tokenType, requiredClaims };
  return (await jwtVerify(token, verifying, expected)).payload;
}

// The verifier that passport-jwt brings knows no EdDSA.
Object.assign(Strategy, {
  JwtVerifier: (
    token: string,
    key: SigningKey['verify'],
    _options: unknown,
    told: (error: unknown, payload?: unknown) => void,
  ) => void payloadOf(token, key).then((payload) => told(null, payload), told),
});

/**
 * Checks access tokens by passport's JWT strategy: by one algorithm and our own keys alone, whatever the token itself
 * names (`alg`, `jku`, `jwk`, a `kid` of another). HTTP, SSE and WebSocket all check tokens here.
 * @param clock milliseconds since the epoch
 */
export function createTokenCheck(keys: SigningKeys, clock: () => number): TokenCheck {
  const passport = new Passport();
  const strategy = new Strategy(
    {
      secretOrKeyProvider: (_request, token, done) => {
        const key = keys.find(kidOf(String(token)), clock());
        if (key === undefined) done(new Error('no key of ours has this name'));
        else done(null, key.verify);
      },
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    },
    (payload: unknown, done) => done(null, accessClaimsOf(payload, clock()) ?? false),
  );
  passport.use(strategy);
  return (token) =>
    new Promise((resolve, reject) => {
      const answered = (error: unknown, claims: AccessClaims | false | undefined, failure: unknown) => {
        if (error instanceof Error) reject(error);
        else if (claims) resolve(claims);
        else reject(invalidToken(failure instanceof JWTExpired));
      };
      const check = passport.authenticate('jwt', { session: false }, answered) as (
        request: object,
        response: object,
      ) => void;
      check({ headers: { authorization: `Bearer ${token}` } }, {});
    });
}

/** The name of the key that a token says it was signed with; empty when it says none, or is no token. */
function kidOf(token: string): string {
  try {
    return decodeProtectedHeader(token).kid ?? '';
  } catch {
    return '';
  }
}

function invalidToken(expired: boolean): HttpProblem {
  const detail = expired ? 'the access token has expired' : 'the access token is not valid';
  return new HttpProblem(401, 'invalid_token', detail, { headers: challenge('invalid_token') });
}
