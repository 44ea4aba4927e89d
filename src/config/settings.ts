import { z } from 'zod';
import { choice, host, key, origin, someOf, text, wholeNumber } from './parsers.ts';
import { auditSettings } from './audit-settings.ts';
import { engineSettings } from './engine-settings.ts';
import { oauthSettings } from './oauth-settings.ts';
import { programSettings } from './program-settings.ts';
import { reachSettings } from './reach-settings.ts';
import { setting } from './setting.ts';
import { signInSettings } from './sign-in-settings.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MIB = 1024 * 1024;

const randomKey = 'a random text, made by: openssl rand -base64 48';

const server = { group: 'Server' };
/** What one process may do: see docs/deploying.md. */
export const roles = ['api', 'relay', 'projector', 'worker', 'scheduler'] as const;
export type Role = (typeof roles)[number];
const secrets = { group: 'Secrets', secret: true };
const limits = { group: 'Limits' };
const logs = { group: 'Logs and metrics' };
const commandLine = { group: 'Command line' };

/**
 * Every setting, by the name it has in the program. What is read, what .env.example shows and what docs/settings.md
 * says all come from here.
 */
export const settings = {
  port: setting({
    ...server,
    name: 'PORT',
    description: 'TCP port to listen on. 0 takes a free one, which the start prints.',
    defaultText: '8000',
    example: '8080',
    schema: wholeNumber({ min: 0, max: 65_535, fallback: 8000 }),
  }),
  host: setting({
    ...server,
    name: 'ANNALS_HOST',
    description:
      'Address to listen on. Anything but loopback is public: weak secrets and passwords are then refused, and the ' +
      "platform's own requests no longer reach loopback addresses.",
    defaultText: '127.0.0.1',
    example: '0.0.0.0',
    schema: host('127.0.0.1'),
  }),
  publicUrl: setting({
    ...server,
    name: 'ANNALS_PUBLIC_URL',
    description:
      'The address by which clients reach this server, as scheme, host and port: https, or http on loopback. It stands in ' +
      'the tokens that OAuth clients get and in what they are told; without it, a server that does not listen on ' +
      'loopback has no OAuth.',
    defaultText: 'the address listened on, if it is loopback',
    example: 'https://annals.example.com',
    schema: origin,
  }),
  dataDir: setting({
    ...server,
    name: 'ANNALS_DATA_DIR',
    description: 'Directory of the log, the read models and the generated secrets. One process uses it at a time.',
    defaultText: './data',
    example: '/var/lib/annals',
    schema: text('./data'),
  }),
  roles: setting({
    ...server,
    name: 'ANNALS_ROLES',
    description:
      'What this process does, separated by commas: api, relay, projector, worker, scheduler. Splitting them takes the ' +
      'engines, which all processes share. The option --roles of `annals serve` wins over it.',
    defaultText: 'all of them',
    example: 'api,relay,projector,worker,scheduler',
    schema: someOf(roles),
  }),

  ...engineSettings,

  jwtSecret: setting({
    ...secrets,
    name: 'ANNALS_JWT_SECRET',
    description:
      'What the keys that sign access tokens are made of: 32 bytes at least. Changing it ends every access token, unless ' +
      'ANNALS_JWT_SECRET_PREVIOUS has the old one.',
    defaultText: 'made on first start, kept in secrets.json in the data directory, readable by its owner only',
    example: randomKey,
    schema: key(32),
  }),
  jwtSecretPrevious: setting({
    ...secrets,
    name: 'ANNALS_JWT_SECRET_PREVIOUS',
    description:
      'The ANNALS_JWT_SECRET of before: what it signed is good until it expires. Take it out when the longest access ' +
      'token is over; when the old secret has leaked, do not set it.',
    defaultText: 'unset',
    example: 'the old value of ANNALS_JWT_SECRET',
    schema: key(32),
  }),
  jwtAlgorithm: setting({
    ...secrets,
    secret: false,
    name: 'ANNALS_JWT_ALGORITHM',
    description:
      'How access tokens are signed. EdDSA: by Ed25519 keys that change every 30 days and whose public half is at ' +
      '/.well-known/jwks.json. HS256: by ANNALS_JWT_SECRET itself, for others that have to check tokens and know ' +
      'nothing else.',
    defaultText: 'EdDSA',
    example: 'HS256',
    schema: choice(['EdDSA', 'HS256'], 'EdDSA'),
  }),
  masterKey: setting({
    ...secrets,
    name: 'ANNALS_MASTER_KEY',
    description:
      'Seals the keys of what is stored: 32 bytes at least. It belongs to the data: without it, names can no longer be ' +
      'found nor secrets read, and a start with another one is refused. docs/operating.md tells how it is changed.',
    defaultText: 'made on first start, kept in secrets.json in the data directory, readable by its owner only',
    example: randomKey,
    schema: key(32),
  }),
  masterKeyPrevious: setting({
    ...secrets,
    name: 'ANNALS_MASTER_KEY_PREVIOUS',
    description:
      'The ANNALS_MASTER_KEY of before, while stored secrets are sealed with it still. Take it out, and throw it away, ' +
      'when `annals secrets rewrap` says that it is no longer needed.',
    defaultText: 'unset',
    example: 'the old value of ANNALS_MASTER_KEY',
    schema: key(32),
  }),
  adminPassword: setting({
    ...secrets,
    name: 'ANNALS_ADMIN_PASSWORD',
    description:
      'Password of the first administrator (user name `admin`), read while there is none: 8 characters at least, 12 ' +
      'when ANNALS_HOST is public.',
    defaultText: 'made on first start and printed once',
    example: 'a password that stands nowhere else, made by: openssl rand -base64 18',
    schema: z.optional(z.string()),
  }),
  metricsToken: setting({
    ...secrets,
    name: 'ANNALS_METRICS_TOKEN',
    description:
      'Bearer token that lets a scraper read /metrics from another machine: 16 bytes at least. Without it, /metrics ' +
      'answers on loopback only.',
    defaultText: 'unset',
    example: 'a random text, made by: openssl rand -hex 24',
    schema: key(16),
  }),

  ...reachSettings,
  ...oauthSettings,
  ...signInSettings,

  ...programSettings,

  requestBodyLimitBytes: setting({
    ...limits,
    name: 'ANNALS_REQUEST_BODY_LIMIT_BYTES',
    description: 'Largest request body, in bytes. A larger one is answered with 413.',
    defaultText: String(MIB),
    example: '4194304',
    schema: wholeNumber({ min: 1024, max: 64 * MIB, fallback: MIB, unit: 'bytes' }),
  }),
  rateLimits: setting({
    ...limits,
    name: 'ANNALS_RATE_LIMITS',
    description:
      'on, or off: the rules of /api/v1/rate-limits do not count, failed logins apart. For whoever has locked himself out ' +
      'by a rule, or has a gateway in front that limits.',
    defaultText: 'on',
    example: 'off',
    schema: choice(['on', 'off'], 'on'),
  }),
  executionTimeoutMs: setting({
    ...limits,
    name: 'ANNALS_EXECUTION_TIMEOUT_MS',
    description: 'How long a tool call may take when the caller does not say, in milliseconds. At most ten minutes.',
    defaultText: '30000',
    example: '60000',
    schema: wholeNumber({ min: 100, max: 10 * MINUTE, fallback: 30_000, unit: 'milliseconds' }),
  }),
  upstreamIdleMs: setting({
    ...limits,
    name: 'ANNALS_UPSTREAM_IDLE_MS',
    description: 'How long an unused connection to an MCP server is kept, in milliseconds.',
    defaultText: String(5 * MINUTE),
    example: '60000',
    schema: wholeNumber({ min: 1000, max: DAY, fallback: 5 * MINUTE, unit: 'milliseconds' }),
  }),
  resultLimitBytes: setting({
    ...limits,
    name: 'ANNALS_RESULT_LIMIT_BYTES',
    description: 'Largest answer of an MCP server, in bytes. A larger one fails its execution with `result_too_large`.',
    defaultText: String(16 * MIB),
    example: '4194304',
    schema: wholeNumber({ min: 1024, max: 256 * MIB, fallback: 16 * MIB, unit: 'bytes' }),
  }),
  accessTokenTtlMs: setting({
    ...limits,
    name: 'ANNALS_ACCESS_TOKEN_TTL_MS',
    description: 'How long an access token is valid, in milliseconds.',
    defaultText: String(15 * MINUTE),
    example: '600000',
    schema: wholeNumber({ min: 10_000, max: DAY, fallback: 15 * MINUTE, unit: 'milliseconds' }),
  }),
  refreshTokenTtlMs: setting({
    ...limits,
    name: 'ANNALS_REFRESH_TOKEN_TTL_MS',
    description: 'How long a login lasts without being used, in milliseconds. Longer than an access token.',
    defaultText: String(30 * DAY),
    example: '604800000',
    schema: wholeNumber({ min: 10_000, max: 366 * DAY, fallback: 30 * DAY, unit: 'milliseconds' }),
  }),

  ...auditSettings,

  logLevel: setting({
    ...logs,
    name: 'ANNALS_LOG_LEVEL',
    description: 'The least severe lines to write: debug, info, warn, error or silent.',
    defaultText: 'info',
    example: 'debug',
    schema: choice(['debug', 'info', 'warn', 'error', 'silent'], 'info'),
  }),
  logFormat: setting({
    ...logs,
    name: 'ANNALS_LOG_FORMAT',
    description: 'How lines look: json, pretty, or auto: pretty on a terminal, JSON otherwise.',
    defaultText: 'auto',
    example: 'json',
    schema: choice(['auto', 'json', 'pretty'], 'auto'),
  }),

  apiUrl: setting({
    ...commandLine,
    name: 'ANNALS_URL',
    description:
      'The server that commands such as `annals call` talk to, when it is not the one on the data directory.',
    defaultText: 'the server on the data directory',
    example: 'https://annals.example.com',
    schema: z.optional(z.url({ protocol: /^https?$/, error: 'is not an http or https URL' })),
  }),
  apiToken: setting({
    ...commandLine,
    name: 'ANNALS_TOKEN',
    description: 'The API key, or access token, that commands show to ANNALS_URL.',
    defaultText: 'unset',
    example: 'an API key, from POST /api/v1/api-keys',
    secret: true,
    schema: z.optional(z.string()),
  }),
};
