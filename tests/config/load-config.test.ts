import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { ConfigError, type ConfigProblem } from '../../src/config/config-error.ts';

const strongKey = 'Zq3v9sKfT1xWb7LhR0cYpMnE5uJdAi2g';
const strongPassword = 'plum-orbit-kettle-73';

function problemsOf(env: Record<string, string>): readonly ConfigProblem[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const namesOf = (env: Record<string, string>): readonly string[] => problemsOf(env).map(({ name }) => name);

describe('loading the settings', () => {
  it('gives the documented defaults to an empty environment', () => {
    expect(loadConfig({})).toEqual({
      port: 8000,
      jwtAlgorithm: 'EdDSA',
      host: '127.0.0.1',
      dataDir: './data',
      roles: ['api', 'relay', 'projector', 'worker', 'scheduler'],
      oauthServer: 'auto',
      oidcClientId: 'annals',
      oidcScopes: '',
      oidcName: '',
      oidcRolesClaim: '',
      oidcRoles: new Map(),
      oidcNewUsers: 'register',
      kafkaPartitions: 12,
      kafkaReplication: 1,
      enginePrefix: 'annals-',
      trustedProxies: [],
      egressAllow: [],
      stdioAllow: ['npx', 'node', 'uvx', 'python3', 'docker'],
      stdioRegistries: [],
      stdioUnpinned: 'refuse',
      sandbox: 'none',
      sandboxNetwork: 'off',
      sandboxRead: [],
      stdioMemoryBytes: 2_147_483_648,
      stdioCpuSeconds: 3600,
      stdioOpenFiles: 1024,
      stdioProcesses: 256,
      requestBodyLimitBytes: 1_048_576,
      rateLimits: 'on',
      executionTimeoutMs: 30_000,
      upstreamIdleMs: 300_000,
      resultLimitBytes: 16_777_216,
      accessTokenTtlMs: 900_000,
      refreshTokenTtlMs: 2_592_000_000,
      auditSealEvents: 10_000,
      auditSealMs: 60_000,
      logLevel: 'info',
      logFormat: 'auto',
      listensOnLoopback: true,
    });
  });

  it('reads every kind of value', () => {
    const config = loadConfig({
      PORT: '0',
      ANNALS_HOST: '0.0.0.0',
      ANNALS_DATA_DIR: '/srv/annals',
      ANNALS_JWT_SECRET: strongKey,
      ANNALS_ADMIN_PASSWORD: strongPassword,
      ANNALS_EGRESS_ALLOW: ' 10.0.0.0/8, fd12::/16,192.168.1.7 ',
      ANNALS_STDIO_ALLOW: 'node,/opt/bin/tool',
      ANNALS_EXECUTION_TIMEOUT_MS: '600000',
      ANNALS_LOG_LEVEL: 'debug',
      ANNALS_LOG_FORMAT: 'json',
    });
    expect(config).toMatchObject({
      port: 0,
      host: '0.0.0.0',
      dataDir: '/srv/annals',
      jwtSecret: strongKey,
      adminPassword: strongPassword,
      egressAllow: ['10.0.0.0/8', 'fd12::/16', '192.168.1.7'],
      stdioAllow: ['node', '/opt/bin/tool'],
      executionTimeoutMs: 600_000,
      logLevel: 'debug',
      logFormat: 'json',
      listensOnLoopback: false,
    });
  });

  it('takes an empty value for unset, as a compose file passes it on', () => {
    expect(loadConfig({ PORT: '', ANNALS_JWT_SECRET: '', ANNALS_SQL_URL: ' ' }).port).toBe(8000);
  });

  it('lists everything that is wrong at once, each with its name, its value and an example', () => {
    const env = { PORT: '80a', ANNALS_LOG_LEVEL: 'loud', ANNALS_EGRESS_ALLOW: '10.0.0.0/33,intranet' };
    expect(() => loadConfig(env)).toThrowErrorMatchingInlineSnapshot(`
      [ConfigError: Annals cannot start as it is set up:
        PORT ("80a") is not a whole number from 0 to 65535
          example: PORT=8080
        ANNALS_EGRESS_ALLOW ("10.0.0.0/33,intranet") has "10.0.0.0/33", whose prefix is longer than 32; has "intranet", which is no IP address or range
          example: ANNALS_EGRESS_ALLOW=10.20.0.0/16,fd12:3456::/32
        ANNALS_LOG_LEVEL ("loud") is not one of: debug, info, warn, error, silent
          example: ANNALS_LOG_LEVEL=debug]
    `);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '1e3'],
    ['ANNALS_EXECUTION_TIMEOUT_MS', '600001'],
    ['ANNALS_REQUEST_BODY_LIMIT_BYTES', '10'],
    ['ANNALS_HOST', 'localhost:8000'],
    ['ANNALS_HOST', '999.1.1.1'],
    ['ANNALS_DATA_DIR', 'a\u0000b'],
    ['ANNALS_STDIO_ALLOW', 'node -e'],
    ['ANNALS_STDIO_ALLOW', './evil'],
    ['ANNALS_STDIO_ALLOW', '/usr/../tmp/evil'],
    ['ANNALS_EGRESS_ALLOW', '10.0.0.0/8/8'],
    ['ANNALS_EGRESS_ALLOW', 'fe80::1%eth0'],
    ['ANNALS_OIDC_ISSUER', 'http://login.example.com'],
    ['ANNALS_OAUTH_ISSUER', 'http://login.example.com'],
    ['ANNALS_OAUTH_ISSUER', 'login.example.com'],
    ['ANNALS_OAUTH_SERVER', 'maybe'],
  ])('refuses %s=%j', (name, value) => {
    expect(namesOf({ [name]: value })).toEqual([name]);
  });

  it('wants a login to outlast its access tokens', () => {
    const env = { ANNALS_ACCESS_TOKEN_TTL_MS: '60000', ANNALS_REFRESH_TOKEN_TTL_MS: '60000' };
    expect(namesOf(env)).toEqual(['ANNALS_REFRESH_TOKEN_TTL_MS']);
  });
});

describe('engines', () => {
  const secrets = {
    ANNALS_JWT_SECRET: 'k3Vd9s-LqX7z_Tt2RwYp8uBnM4cHj6Ae',
    ANNALS_MASTER_KEY: 'Zr5Wq1-PmN8v_Gx3KdLs7yFtB2hUj9Co',
  };
  const stores = {
    ANNALS_SQL_URL: 'mysql://annals:pw@db/annals',
    ANNALS_DOCUMENTS_URL: 'mongodb://db/annals',
    ANNALS_SEARCH_URL: 'http://search:9200',
  };

  it('are embedded when they are not named', () => {
    expect(loadConfig({})).toMatchObject({ eventStoreUrl: undefined, sqlUrl: undefined, kafkaBrokers: undefined });
    expect(loadConfig({}).roles).toEqual(['api', 'relay', 'projector', 'worker', 'scheduler']);
  });

  it.each([
    ['ANNALS_EVENTSTORE_URL', 'http://localhost:2113'],
    ['ANNALS_SQL_URL', 'postgres://user:hunter2@localhost/annals'],
    ['ANNALS_DOCUMENTS_URL', 'localhost:27017'],
    ['ANNALS_SEARCH_URL', 'elastic:hunter2@localhost:9200'],
    ['ANNALS_REDIS_URL', 'redis:/localhost'],
    ['ANNALS_KAFKA_BROKERS', 'http://user:hunter2@localhost:9092'],
    ['ANNALS_KAFKA_BROKERS', 'localhost'],
    ['ANNALS_KAFKA_PARTITIONS', '0'],
    ['ANNALS_ENGINE_PREFIX', 'Upper'],
    ['ANNALS_ROLES', 'api,janitor'],
  ])('are refused by name, and no password is repeated: %s=%j', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems.map((problem) => problem.name)).toEqual([name]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('that hold the log want the keys that all processes on it share', () => {
    const env = { ANNALS_EVENTSTORE_URL: 'esdb://localhost:2113?tls=false' };
    expect(namesOf(env)).toEqual(['ANNALS_JWT_SECRET', 'ANNALS_MASTER_KEY']);
    expect(loadConfig({ ...env, ...secrets }).eventStoreUrl).toBe(env.ANNALS_EVENTSTORE_URL);
  });

  it('are wanted for all that processes with different roles share', () => {
    const env = { ANNALS_ROLES: 'projector, relay', ...secrets };
    expect([...namesOf(env)].sort()).toEqual([
      'ANNALS_DOCUMENTS_URL',
      'ANNALS_EVENTSTORE_URL',
      'ANNALS_SEARCH_URL',
      'ANNALS_SQL_URL',
    ]);
    const all = { ...env, ...stores, ANNALS_EVENTSTORE_URL: 'kurrentdb://localhost:2113' };
    expect(loadConfig(all).roles).toEqual(['relay', 'projector']);
  });
});

describe('names that are no settings', () => {
  it.each([
    ['ANNALS_DATADIR', 'did you mean ANNALS_DATA_DIR?'],
    ['ANNALS_JWT_SECRT', 'did you mean ANNALS_JWT_SECRET?'],
    ['ANNALS_PORT', 'did you mean PORT?'],
    ['annals_host', 'did you mean ANNALS_HOST?'],
  ])('are refused with a guess: %s', (name, guess) => {
    expect(problemsOf({ [name]: '1' })).toEqual([{ name, detail: expect.stringContaining(guess) }]);
  });

  it('are refused without a guess when nothing is near', () => {
    expect(problemsOf({ ANNALS_XYZZY_FROBNICATE: '1' })).toEqual([
      { name: 'ANNALS_XYZZY_FROBNICATE', detail: 'is no setting of this release' },
    ]);
  });

  it('leave alone what Kubernetes sets beside a service called annals', () => {
    const links = {
      ANNALS_SERVICE_HOST: '10.0.0.7',
      ANNALS_SERVICE_PORT_HTTP: '80',
      ANNALS_PORT: 'tcp://10.0.0.7:80',
      ANNALS_PORT_80_TCP_ADDR: '10.0.0.7',
    };
    expect(problemsOf(links)).toEqual([]);
  });
});

describe('secrets', () => {
  it.each([
    ['too short', 'Zq3v9sKfT1xWb7LhR0cYpMnE5uJdAi2', 'at least 32'],
    ['an example', 'your-super-secret-key-change-me-please-now', 'example'],
    ['one letter', 'a'.repeat(64), 'repeats'],
    ['a repeated word', 'abcdefgh'.repeat(5), 'repeats'],
  ])('refuses a key that is %s, without showing it', (_what, value, reason) => {
    for (const name of ['ANNALS_JWT_SECRET', 'ANNALS_MASTER_KEY']) {
      const problems = problemsOf({ [name]: value });
      expect(problems).toEqual([expect.objectContaining({ name, detail: expect.stringContaining(reason) })]);
      expect(JSON.stringify(problems)).not.toContain(value);
    }
  });

  it('refuses the same text for both keys', () => {
    expect(namesOf({ ANNALS_JWT_SECRET: strongKey, ANNALS_MASTER_KEY: strongKey })).toEqual(['ANNALS_MASTER_KEY']);
  });

  it.each(['admin', 'short-one-7', 'password1234', 'change-me-please', 'Annals123456', 'aaaaaaaaaaaaaaaa'])(
    'refuses %j as the administrator password on a public address',
    (password) => {
      for (const host of ['0.0.0.0', '::', '192.168.1.2', 'annals.example.com']) {
        const problems = problemsOf({ ANNALS_HOST: host, ANNALS_ADMIN_PASSWORD: password });
        expect(problems.map(({ name }) => name)).toEqual(['ANNALS_ADMIN_PASSWORD']);
        expect(problems[0]?.detail).toContain('is public');
      }
    },
  );

  it.each(['127.0.0.1', '127.8.8.8', '::1', '[::1]', 'localhost'])('lets %s be as lax as a trial needs', (host) => {
    expect(namesOf({ ANNALS_HOST: host, ANNALS_ADMIN_PASSWORD: 'password' })).toEqual([]);
    expect(namesOf({ ANNALS_HOST: host, ANNALS_ADMIN_PASSWORD: 'admin' })).toEqual(['ANNALS_ADMIN_PASSWORD']);
  });

  it('keeps the spaces of a password', () => {
    expect(loadConfig({ ANNALS_ADMIN_PASSWORD: ' with spaces ' }).adminPassword).toBe(' with spaces ');
  });
});
