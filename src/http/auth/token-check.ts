import { decodeJwt, decodeProtectedHeader, importSPKI, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import { JWTExpired } from 'jose/errors';
import { Passport } from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';
import { resourceNamed, type OAuthAddresses } from '../oauth/resources.ts';
import {
  accessClaimsOf,
  audience,
  issuer,
  oauthClaimsOf,
  tokenType,
  type AccessClaims,
  type OAuthClaims,
} from './access-tokens.ts';
import type { SigningKey, SigningKeys } from './signing-keys.ts';

/** The claims of an access token. @throws HttpProblem 401 it is not one of ours, or is over */
export type TokenCheck = (token: string) => Promise<AccessClaims | OAuthClaims>;

/** What a token of a login has to say. */
const ofLogin: JWTVerifyOptions = { issuer, audience, requiredClaims: ['sub', 'sid', 'iat', 'exp'] };

/** What a token of the authorization server has to say. */
function ofClient({ issuer, resources }: OAuthAddresses): JWTVerifyOptions {
  const requiredClaims = ['sub', 'gid', 'client_id', 'iat', 'exp'];
  return { issuer, audience: Object.values(resources), requiredClaims };
}

/** The payload of a token that one of our keys signed. A key has one algorithm, whatever the token says. */
async function payloadOf(token: string, key: SigningKey['verify'], expected: JWTVerifyOptions): Promise<unknown> {
  const [verifying, algorithm] =
    typeof key === 'string' ? ([await importSPKI(key, 'EdDSA'), 'EdDSA'] as const) : ([key, 'HS256'] as const);
  return (await jwtVerify(token, verifying, { ...expected, algorithms: [algorithm], typ: tokenType })).payload;
}

/** A key, and what a token that it signed is expected to say; passport-jwt hands it on as it is. */
interface Expectation {
  readonly key: SigningKey['verify'];
  readonly expected: JWTVerifyOptions;
}

// The verifier that passport-jwt brings knows no EdDSA.
Object.assign(Strategy, {
  JwtVerifier: (
    token: string,
    { key, expected }: Expectation,
    _options: unknown,
    told: (error: unknown, payload?: unknown) => void,
  ) => void payloadOf(token, key, expected).then((payload) => told(null, payload), told),
});

/**
 * Checks access tokens by passport's JWT strategy: by one algorithm and our own keys alone, whatever the token itself
 * names (`alg`, `jku`, `jwk`, a `kid` of another). HTTP, SSE and WebSocket all check tokens here.
 * @param clock milliseconds since the epoch
 * @param addresses undefined while this server does not know its own: then no client has tokens
 */
export function createTokenCheck(
  keys: SigningKeys,
  clock: () => number,
  addresses: () => OAuthAddresses | undefined = () => undefined,
): TokenCheck {
  const passport = new Passport();
  const strategy = new Strategy(
    {
      secretOrKeyProvider: (_request, token, done) => {
        const key = keys.find(kidOf(String(token)), clock())?.verify;
        const own = addresses();
        const expected = own && issuerOf(String(token)) === own.issuer ? ofClient(own) : ofLogin;
        if (key === undefined) done(new Error('no key of ours has this name'));
        else done(null, { key, expected } satisfies Expectation as never);
      },
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    },
    (payload: unknown, done) => done(null, claimsOf(payload, addresses(), clock()) ?? false),
  );
  passport.use(strategy);
  return (token) =>
    new Promise((resolve, reject) => {
      const answered = (error: unknown, claims: AccessClaims | OAuthClaims | false | undefined, failure: unknown) => {
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

/** Who a token says it is from. Only what it is checked for follows from this, never whether it is good. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    return '';
  }
}

/** The claims of a payload that was checked for its issuer. */
function claimsOf(
  payload: unknown,
  addresses: OAuthAddresses | undefined,
  nowMs: number,
): AccessClaims | OAuthClaims | undefined {
  const { iss, aud } = payload as JWTPayload;
  if (addresses === undefined || iss !== addresses.issuer) return accessClaimsOf(payload, nowMs);
  // One token is for one resource.
  const resource = typeof aud === 'string' ? resourceNamed(addresses, aud) : undefined;
  return resource === undefined ? undefined : oauthClaimsOf(payload, resource, nowMs);
}

function invalidToken(expired: boolean): HttpProblem {
  const detail = expired ? 'the access token has expired' : 'the access token is not valid';
  return new HttpProblem(401, 'invalid_token', detail, { headers: challenge('invalid_token') });
}
