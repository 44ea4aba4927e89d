import type { Express } from 'express';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from './app.ts';
import { createApiKeyCheck } from './auth/api-key-check.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import { createExternalUsers } from './auth/external-users.ts';
import { createLoginLimiter } from './auth/login-limiter.ts';
import { createPrincipals, type Principals } from './auth/principals.ts';
import { createSigningKeys } from './auth/signing-keys.ts';
import { createTokenCheck, type ClientTokens } from './auth/token-check.ts';
import { createUseRecorder } from './auth/use-recorder.ts';
import { recordOAuthGrantUse } from '../commands/oauth.ts';
import type { EventStore } from '../ports/event-store.ts';
import { firstEventAfter } from '../ports/first-event.ts';
import type { HttpDeps, Patience } from './deps.ts';
import { createFeed } from './feed/feed.ts';
import { startOf } from './feed/positions.ts';
import { createCounter, createHttpMetrics } from './metrics.ts';
import { createAddressOf } from './middleware/client-address.ts';
import { isLoopbackAddress } from './middleware/this-machine.ts';
import { createHostCheck } from './middleware/host-check.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { createExternalTokens } from './oauth/external-tokens.ts';
import { createIssuerKeys } from './oauth/issuer-keys.ts';
import { addressesOf, mcpPath, metadataAddress, type OAuthAddresses } from './oauth/resources.ts';
import { createOAuthServer } from './oauth/server.ts';
import { createPipeline } from './pipeline.ts';
import { createAnswerCache } from './route/answer-cache.ts';
import type { Route } from './route/route.ts';
import { createRoutes } from './routes/all.ts';
import { endWaysIn } from './routes/end-ways-in.ts';
import { createAnswerWriter } from './write-answer.ts';
import { attachWebSocket } from './ws/server.ts';
import { topicByName } from './ws/topic-by-name.ts';

export interface HttpServer {
  readonly app: Express;
  readonly server: Server;
  readonly routes: readonly Route[];
  /** Answers the port. @throws Error the address is taken or cannot be used */
  listen(): Promise<number>;
  /** Ends feeds, lets running requests finish for so long, then ends every connection. */
  close(graceMs?: number): Promise<void>;
}

const sweepMs = 20;

/** A client that sends its request slower than this, or none, is sent away. */
const defaultPatience: Patience = { headMs: 15_000, requestMs: 60_000, checkEveryMs: 5_000 };

/** The HTTP side of the platform: REST, server-sent events, WebSocket and the documentation. */
export async function createHttpServer(deps: HttpDeps): Promise<HttpServer> {
  const { settings, commands, logger } = deps;
  const { store, clock } = commands;
  const principals = await createPrincipals(commands, {
    channels: deps.coordination.channels,
    accessTokenTtlMs: settings.accessTokenTtlMs,
    logger,
  });
  const keys = createSigningKeys(settings.signing);
  /** Where it listens is known only then, unless the settings say how it is reached. */
  let origin = settings.publicUrl;
  let known: OAuthAddresses | undefined;
  const addresses = () => (known ??= origin === undefined ? undefined : addressesOf(origin));
  const authenticator = createAuthenticator(
    createTokenCheck(keys, clock, {
      addresses,
      own: settings.ownAuthorizationServer ?? true,
      ...elsewhereOf(deps, principals),
    }),
    createApiKeyCheck(commands, principals, logger),
    principals,
    createUseRecorder({
      record: (command, id, address) => recordOAuthGrantUse(commands, command, id, address),
      clock,
      logger,
      what: 'a grant',
    }),
    clock,
  );
  const feed = createFeed(deps.queries, authenticator, logger, settings.feed);
  const metrics = createHttpMetrics(deps.metrics, { feedReaders: () => feed.readers });
  const { ownAuthorizationServer = true, externalIssuer } = settings;
  const givesTokens = ownAuthorizationServer || externalIssuer !== undefined;
  const writer = createAnswerWriter(securityHeaders(), metrics, (path) => {
    const own = addresses();
    return own && (givesTokens ? metadataAddress(own, path === mcpPath ? 'mcp' : 'api') : undefined);
  });
  const checkHost = createHostCheck(settings.allowedHosts);
  const logins = createLoginLimiter(deps.limits);
  const oauth = createOAuthServer(deps, keys, addresses);
  const all = createRoutes({ ...deps, principals, keys, feed, logins, oauth });
  const routes = settings.probesOnly === true ? all.filter(({ tags }) => tags.includes('system')) : all;
  const cached = createAnswerCache({
    models: deps.queries.models,
    shared: deps.coordination.cache,
    logId: await logIdOf(store),
    logger,
    count: createCounter(
      deps.metrics,
      'annals_answer_cache_total',
      'Reads that may be answered from the cache',
      'outcome',
    ),
  });
  const pipeline = createPipeline(deps, authenticator, writer, cached);
  const addressOf = createAddressOf(settings.trustedProxies ?? []);
  const app = createApp({ routes, pipeline, checkHost, addressOf, logger });

  const { headMs, requestMs, checkEveryMs } = settings.patience ?? defaultPatience;
  const timeouts = { headersTimeout: headMs, requestTimeout: requestMs, connectionsCheckingInterval: checkEveryMs };
  const server = createServer({ ...timeouts, keepAliveTimeout: 65_000 }, app);
  server.maxHeadersCount = 100;
  const webSocket = attachWebSocket(
    server,
    {
      feed,
      authenticator,
      limits: deps.limits,
      topicOf: (context, name) => topicByName(deps, context, name),
      startOf: (topic, after) => startOf(store, topic, after),
      logger,
      checkHost,
      addressOf,
      allowedOrigins: settings.allowedOrigins,
    },
    settings.webSocket,
  );

  return {
    app,
    server,
    routes,
    async listen() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(settings.port, settings.host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const { address, family, port } = server.address() as AddressInfo;
      if (isLoopbackAddress(address)) origin ??= `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
      return port;
    },
    async close(graceMs = 5000) {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      webSocket.close();
      await feed.close();
      // A connection whose last answer is on its way idles a moment later, for as long as its client keeps it.
      const sweep = setInterval(() => server.closeIdleConnections(), sweepMs);
      const patience = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(patience);
      await authenticator.close();
      await principals.close();
    },
  };
}

/** Tells one log from any other, a copy of it apart: the id of its first event. */
async function logIdOf(store: EventStore): Promise<string> {
  return (await firstEventAfter(store, 0))?.metadata.eventId ?? '';
}

/** An authorization server elsewhere, where the settings name one. */
function elsewhereOf(deps: HttpDeps, principals: Principals): Pick<ClientTokens, 'elsewhere'> {
  const { settings, commands, fetch, logger } = deps;
  const { externalIssuer: issuer } = settings;
  if (!issuer) return {};
  const keys = createIssuerKeys(issuer.issuer, { fetch, clock: commands.clock, logger });
  const users = createExternalUsers(commands, {
    mayRegister: issuer.newUsers === 'register',
    endWaysIn: (...ending) => endWaysIn({ ...deps, principals }, ...ending),
  });
  return { elsewhere: { tokens: createExternalTokens(issuer, keys), users } };
}
