import { Registry } from 'prom-client';
import { createAggregateCache } from '../commands/aggregate-cache.ts';
import { createAuditReads } from '../commands/audit-reads.ts';
import { ensureAdministrator } from '../commands/first-administrator.ts';
import { createIdempotencyKeys } from '../commands/idempotency.ts';
import { resolveSecret } from '../commands/secrets/resolve.ts';
import type { Config } from '../config.ts';
import { loadOrCreateSecrets, signingSettings } from '../config/secrets.ts';
import { toolChanges } from '../domain/mcp/diff/version-diff.ts';
import type { EngineStatus, HttpSettings } from '../http/deps.ts';
import { tellRevocations } from '../http/auth/revocations.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import { createLocalRateLimits } from '../infrastructure/coordination/local-rate-limits.ts';
import { openFileBlobStore } from '../infrastructure/blob-store/file.ts';
import { lockDataDir } from '../infrastructure/data-dir/lock.ts';
import { createEgressPolicy } from '../infrastructure/egress/egress-policy.ts';
import { createGuardedFetch } from '../infrastructure/egress/guarded-fetch.ts';
import { createArgon2PasswordHasher } from '../infrastructure/passwords/argon2-password-hasher.ts';
import { createSchemaValidator } from '../mcp/schema/schema-validator.ts';
import { createUpstreams } from '../mcp/upstream/upstreams.ts';
import type { Logger } from '../ports/logger.ts';
import { projections } from '../projections/all.ts';
import { openReadSide } from '../projections/engine/read-side.ts';
import { createDiscovery } from '../reactors/discovery/discovery.ts';
import { createExecutionRunner } from '../reactors/executions/runner.ts';
import { createProjectionOperations } from '../reactors/projections/projection-operations.ts';
import { createRebuildReports } from '../reactors/projections/rebuild-reports.ts';
import { createRewrapping } from '../reactors/secrets/rewrapping.ts';
import { startAudit } from './audit/start-audit.ts';
import { createClosing, type Closing } from './closing.ts';
import { announceNode } from './engines/coordination.ts';
import { openEngines } from './engines/engines.ts';
import { engineSettings } from './engines/settings.ts';
import { clientTokensOf, identityProviderOf } from './identity-provider.ts';
import { createForwardClock } from './forward-clock.ts';
import { createKeyedHash } from './keyed-hash.ts';
import { openKeyring } from './keyring.ts';
import { createLaunchRefusal } from './launch-refusal.ts';
import { openLimits } from './limits.ts';
import { listen } from './listen.ts';
import { pathsIn } from './paths.ts';
import { openPersonalData } from './personal-data.ts';
import { openPrograms, packageToolsOf } from './programs.ts';
import { recoverOverdue, recoverOwn } from './recovery.ts';
import { followSecretChanges } from './secret-changes.ts';
import { announceServer } from './server-file.ts';
import { version } from './version.ts';

/** A running platform. */
export interface Annals {
  readonly url: string;
  /** What serves each port, and how it is now. */
  readonly engines: () => Promise<Readonly<Record<string, EngineStatus>>>;
  /** Made for the first administrator at this start; undefined when there was one, or the settings gave it. */
  readonly adminPassword: string | undefined;
  readonly http: HttpServer;
  /** Refuses new work, finishes what runs (10 s at most), and lets go of everything. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly logger: Logger;
  /** Settings of the HTTP layer that the environment does not have, such as how long a slow reader is waited for. */
  readonly http?: Partial<HttpSettings>;
}

/** Milliseconds that running calls have to end when the platform stops. */
const drainMs = 10_000;
const discoveryTimeoutMs = 60_000;

/**
 * Puts the parts together on the engines that the settings name and starts them. What was opened is closed again when a later part
 * fails.
 * @throws ConfigError, DataDirInUse, StoreUnavailable, or the listening socket's error
 */
export async function startAnnals(config: Config, options: StartOptions): Promise<Annals> {
  const closing = createClosing(options.logger);
  try {
    return await start(config, options, closing);
  } catch (error) {
    await closing.run();
    throw error;
  }
}

async function start(config: Config, { logger, http: httpSettings }: StartOptions, closing: Closing): Promise<Annals> {
  const { dataDir } = config;
  const clock = createForwardClock(Date.now, () => performance.now());
  const startedAt = new Date(clock()).toISOString();

  if (usesDataDirAlone(config)) {
    const lock = lockDataDir(dataDir);
    closing.add('data directory', () => lock.release());
  }
  const secrets = loadOrCreateSecrets(dataDir, config);
  const { initialAdminPassword } = secrets;

  const engines = await openEngines(config, { logger, clock, closing });
  const { coordination, isShared } = engines;
  const keyring = await openKeyring({ store: engines.store, clock, logger }, secrets);
  const people = await openPersonalData(engines, engineSettings(config), keyring.keys.index, closing);
  const { store, personal } = people;
  const keySeed = keyring.keys.audit;
  const seal = startAudit(config, { logger, clock, closing, coordination, isShared, keySeed });
  const blobs = openFileBlobStore(pathsIn(dataDir).blobs);
  const readSide = await openReadSide({ ...people.readSide, store, projections, logger, clock });
  closing.add('read models', () => readSide.close());
  const { models, control } = readSide;

  const commands = {
    // A process that is alone hears of it from its own log as soon.
    store: isShared ? tellRevocations(store, coordination.channels) : store,
    aggregates: createAggregateCache(),
    clock,
    keyedHash: createKeyedHash(keyring.keys.index),
    vault: keyring.vault,
    policy: { stdioAllow: config.stdioAllow, launchRefusal: createLaunchRefusal(config) },
    passwords: createArgon2PasswordHasher(),
    refreshTokenTtlMs: config.refreshTokenTtlMs,
  };
  const adminIsNew = await ensureAdministrator(commands, initialAdminPassword.value);

  const { rateLimits } = coordination;
  const metrics = new Registry();
  const enforced = config.rateLimits === 'on';
  const limits = await openLimits(commands, { rateLimits, enforced, metrics, logger, closing });

  const egress = createEgressPolicy({ allow: config.egressAllow, allowLoopback: config.listensOnLoopback });
  closing.add('outgoing connections', () => egress.close());
  const programs = await openPrograms(config, pathsIn(dataDir), process.env, logger);
  const upstreams = createUpstreams({
    egress,
    stdioAllow: config.stdioAllow,
    environment: process.env,
    stdioPinned: config.stdioUnpinned === 'refuse',
    programs,
    packageTools: packageToolsOf(config, process.env),
    resolveSecret: (reference, use) => resolveSecret(commands, reference, use),
    compareTools: toolChanges,
    logger,
    client: { name: 'annals', version },
    maxResultBytes: config.resultLimitBytes,
    idleCloseMs: config.upstreamIdleMs,
  });
  closing.add('MCP servers', () => upstreams.close());
  const discovery = createDiscovery({
    ...commands,
    upstreams,
    packages: programs.packages,
    logger,
    discoveryTimeoutMs,
  });
  const secretChanges = await followSecretChanges({ store, upstreams, logger, closing });
  const executions = createExecutionRunner({
    ...commands,
    upstreams,
    discovery,
    limits,
    schemas: createSchemaValidator(),
    blobs,
    defaultTimeoutMs: config.executionTimeoutMs,
    logger,
  });

  const reports = createRebuildReports(control, store, engines.coordination.cache);
  closing.add('reports of rebuilds', () => reports.close());

  const rewrapping = createRewrapping(commands, engines.coordination.cache, logger);
  closing.add('sealing of secrets', () => rewrapping.close());

  let serving = true;
  const queries = { models, store, blobs, personal, clock };
  const http = await createHttpServer({
    settings: {
      host: config.host,
      port: config.port,
      allowedHosts: config.listensOnLoopback ? hostsOf(config) : null,
      ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
      ...identityProviderOf(config),
      ...clientTokensOf(config),
      allowedOrigins: [],
      trustedProxies: config.trustedProxies,
      bodyLimitBytes: config.requestBodyLimitBytes,
      signing: signingSettings(config, secrets),
      accessTokenTtlMs: config.accessTokenTtlMs,
      probesOnly: !config.roles.includes('api'),
      ...(config.metricsToken === undefined ? {} : { metricsToken: config.metricsToken }),
      ...httpSettings,
    },
    commands,
    queries,
    idempotency: createIdempotencyKeys(commands),
    executions,
    discovery,
    projections: control,
    projectionCommands: createProjectionOperations(commands, control, reports, logger),
    upstreams,
    secretChanges,
    rewrapping,
    seal,
    auditReads: createAuditReads(commands),
    coordination,
    limits,
    createWindows: createLocalRateLimits,
    fetch: createGuardedFetch(egress),
    logger,
    metrics,
    system: {
      version,
      startedAt,
      roles: config.roles,
      engines: engines.statuses,
      nodes: () => engines.coordination.presence.nodes(),
    },
    ready: async () => serving && (await engines.isReady()),
  });
  const interruptedUpTo = await store.head();
  closing.add('HTTP', () => http.close());
  const port = await listen(http, config);
  closing.add('running calls', () => executions.drain(drainMs));
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  closing.add('address', announceServer(dataDir, url));

  await announceNode(config, engines.coordination, closing);

  const recovery = { commands, queries, logger };
  const stopping = new AbortController();
  const recovered = !engines.isShared
    ? recoverOwn(recovery, readSide.ready, interruptedUpTo, stopping.signal)
    : config.roles.includes('worker')
      ? recoverOverdue(recovery, readSide.ready, stopping.signal)
      : undefined;

  return {
    url,
    http,
    engines: engines.statuses,
    adminPassword: adminIsNew && initialAdminPassword.generated ? initialAdminPassword.value : undefined,
    async close() {
      serving = false;
      stopping.abort();
      await closing.run();
      await recovered;
    },
  };
}

/** Besides loopback, a server behind a proxy on this machine answers to the name that the proxy has. */
function hostsOf({ publicUrl }: Config): readonly string[] {
  return publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
}

/** Something embedded keeps its files there, and one process only may write them. */
function usesDataDirAlone({ eventStoreUrl, sqlUrl, documentsUrl, searchUrl }: Config): boolean {
  return [eventStoreUrl, sqlUrl, documentsUrl, searchUrl].includes(undefined);
}
