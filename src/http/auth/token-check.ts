import { decodeJwt, decodeProtectedHeader, importSPKI, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import { JWTExpired } from 'jose/errors';
import { Passport } from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { HttpProblem } from '../problem/http-problem.ts';
import { challenge } from '../problem/problem-of.ts';
import { resourceNamed, type OAuthAddresses, type ResourceName } from '../oauth/resources.ts';
import {
  accessClaimsOf,
  audience,
  issuer,
  oauthClaimsOf,
  tokenType,
  type AccessClaims,
  type OAuthClaims,
  type TokenClaims,
} from './access-tokens.ts';
import type { ExternalToken, ExternalTokens } from '../oauth/external-tokens.ts';
import { demandResource } from './demand-resource.ts';
import type { ExternalUsers } from './external-users.ts';
import type { Caller } from './use-recorder.ts';
import type { SigningKey, SigningKeys } from './signing-keys.ts';

/**
 * The claims of an access token.
 * @throws HttpProblem 401 it is not good, or is over; 503 that is not known; for tokens from elsewhere what signing in throws
 */
export type TokenCheck = (token: string, use: Use) => Promise<TokenClaims>;

/** Where a token comes from, and what it is used for. */
export interface Use {
  readonly caller: Caller;
  readonly resource: ResourceName;
}

/** Tokens of an authorization server elsewhere, and who their users are here. */
export interface Elsewhere {
  readonly tokens: ExternalTokens;
  readonly users: ExternalUsers;
}

export interface ClientTokens {
  /** Undefined while this server does not know its own addresses: then no client has tokens. */
  readonly addresses: () => OAuthAddresses | undefined;
  /** Whether our own authorization server gives any. */
  readonly own: boolean;
  readonly elsewhere?: Elsewhere;
}

/** What a token of a login has to say. */
const ofLogin: JWTVerifyOptions = { issuer, audience, requiredClaims: ['sub', 'sid', 'iat', 'exp'] };

/** What a token of the authorization server has to say. */
function ofClient({ issuer, resources }: OAuthAddresses): JWTVerifyOptions {
  const requiredClaims = ['sub', 'gid', 'client_id', 'iat', 'exp'];
  return { issuer, audience: Object.values(resources), requiredClaims };
}

/** The payload of a token that one of our keys signed. A key has one algorithm, whatever the token says. */
async function payloadOf(token: string, key: SigningKey['verify'], expected: JWTVerifyOptions): Promise<JWTPayload> {
  const [verifying, algorithm] =
    typeof key === 'string' ? ([await importSPKI(key, 'EdDSA'), 'EdDSA'] as const) : ([key, 'HS256'] as const);
  return (await jwtVerify(token, verifying, { ...expected, algorithms: [algorithm], typ: tokenType })).payload;
}

/** What a good token says; undefined when it is over, or is for another use. Throws when it is not good. */
type Reading = () => Promise<AccessClaims | OAuthClaims | ExternalToken | undefined>;

// The verifier that passport-jwt brings knows no EdDSA. It is handed what was found for the token's key, as it is.
Object.assign(Strategy, {
  JwtVerifier: (_token: string, read: Reading, _options: unknown, told: (error: unknown, said?: unknown) => void) =>
    void read().then((said) => told(null, said), told),
});

/**
 * Checks access tokens by passport's JWT strategy: by one algorithm and our own keys alone, whatever the token itself
 * names (`alg`, `jku`, `jwk`, a `kid` of another); tokens of an authorization server elsewhere by its keys. HTTP, SSE and
 * WebSocket all check tokens here.
 * @param clock milliseconds since the epoch
 */
export function createTokenCheck(
  keys: SigningKeys,
  clock: () => number,
  { addresses, own, elsewhere }: ClientTokens = { addresses: () => undefined, own: false },
): TokenCheck {
  const passport = new Passport();
  /** Who a token says it is from decides by whose keys it is checked, and what for; never whether it is good. */
  const readingOf = (token: string): Reading | undefined => {
    const known = addresses();
    const from = issuerOf(token);
    if (known && elsewhere && from === elsewhere.tokens.issuer)
      return () => elsewhere.tokens.read(token, known, clock());
    const key = keys.find(kidOf(token), clock())?.verify;
    if (key === undefined) return undefined;
    const ofOwnClient = known !== undefined && from === known.issuer;
    if (ofOwnClient && !own) return undefined;
    const expected = ofOwnClient ? ofClient(known) : ofLogin;
    return async () => claimsOf(await payloadOf(token, key, expected), ofOwnClient ? known : undefined, clock());
  };
  const strategy = new Strategy(
    {
      secretOrKeyProvider: (_request, token, done) => {
        const reading = readingOf(String(token));
        if (reading === undefined) done(new Error('no key of ours has this name'));
        else done(null, reading satisfies Reading as never);
      },
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    },
    (said: unknown, done) => done(null, said ?? false),
  );
  passport.use(strategy);
  const read = (token: string): Promise<AccessClaims | OAuthClaims | ExternalToken> =>
    new Promise((resolve, reject) => {
      const answered = (
        error: unknown,
        said: AccessClaims | OAuthClaims | ExternalToken | false | undefined,
        failure: unknown,
      ) => {
        if (error instanceof Error) reject(error);
        else if (said) resolve(said);
        else if (failure instanceof HttpProblem) reject(failure);
        else reject(invalidToken(failure instanceof JWTExpired));
      };
      const check = passport.authenticate('jwt', { session: false }, answered) as (
        request: object,
        response: object,
      ) => void;
      check({ headers: { authorization: `Bearer ${token}` } }, {});
    });
  return async (token, { caller, resource }) => {
    const said = await read(token);
    if (!('vouched' in said)) return said;
    if (!elsewhere) throw invalidToken(false);
    // Nobody gets an account by a token that is not for here.
    demandResource(said.resources, resource);
    return elsewhere.users(said, caller);
  };
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

/**
 * The claims of a payload that was checked for its issuer.
 * @param addresses undefined: it is of a login
 */
function claimsOf(
  payload: JWTPayload,
  addresses: OAuthAddresses | undefined,
  nowMs: number,
): AccessClaims | OAuthClaims | undefined {
  if (addresses === undefined) return accessClaimsOf(payload, nowMs);
  const { aud } = payload;
  // One token is for one resource.
  const resource = typeof aud === 'string' ? resourceNamed(addresses, aud) : undefined;
  return resource === undefined ? undefined : oauthClaimsOf(payload, resource, nowMs);
}

function invalidToken(expired: boolean): HttpProblem {
  const detail = expired ? 'the access token has expired' : 'the access token is not valid';
  return new HttpProblem(401, 'invalid_token', detail, { headers: challenge('invalid_token') });
}
