import type { Registry } from 'prom-client';
import type { AuditReads } from '../commands/audit-reads.ts';
import type { CommandContext } from '../commands/context.ts';
import type { IdempotencyKeys } from '../commands/idempotency.ts';
import type { McpDeps } from '../commands/mcps.ts';
import type { SessionDeps } from '../commands/sessions.ts';
import type { AuditSeal } from '../ports/audit-seal.ts';
import type { Coordination, Node } from '../ports/coordination.ts';
import type { GuardedFetch } from '../ports/egress.ts';
import type { Position } from '../ports/event-store.ts';
import type { ExecutionRunner } from '../ports/execution-runner.ts';
import type { Limiter } from '../ports/limiter.ts';
import type { Logger } from '../ports/logger.ts';
import type { ProjectionControl } from '../ports/projection-control.ts';
import type { ProjectionOperations } from '../ports/projection-operations.ts';
import type { Rewrapping } from '../ports/rewrapping.ts';
import type { ToolDiscovery } from '../ports/tool-discovery.ts';
import type { Upstreams } from '../ports/upstream.ts';
import type { QueryDeps } from '../queries/deps.ts';
import type { CreateWindows } from '../queries/what-if/replay-limits.ts';
import type { SigningSettings } from './auth/signing-keys.ts';
import type { FeedSettings } from './feed/feed.ts';
import type { ClientLimits } from './oauth/client-limits.ts';
import type { ExternalIssuerSettings } from './oauth/external-tokens.ts';
import type { IdentityProviderSettings } from './oidc/identity-provider.ts';
import type { WebSocketSettings } from './ws/server.ts';

/** How long clients are waited for, in milliseconds. */
export interface Patience {
  /** For the head of a request, from the moment that the connection stands. */
  readonly headMs: number;
  /** For the whole request. */
  readonly requestMs: number;
  /** How often it is looked. */
  readonly checkEveryMs: number;
}

export interface HttpSettings {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /**
   * Names that a request's Host may have besides those of loopback; null lets all pass. What listens on loopback alone
   * should not let all pass: that is how a page on another site reaches it (DNS rebinding).
   */
  readonly allowedHosts: readonly string[] | null;
  /** Origins, besides the server's own, whose pages may open a WebSocket. */
  readonly allowedOrigins: readonly string[];
  /** Addresses and ranges of proxies that say from where they were asked; absent: none. */
  readonly trustedProxies?: readonly string[];
  /** Origin by which clients reach this server, such as `https://annals.example.com`; absent: loopback, if it listens there. */
  readonly publicUrl?: string;
  /** Absent: people sign in with their passwords alone. */
  readonly identityProvider?: IdentityProviderSettings;
  /** Absent: no authorization server but our own gives tokens that are good here. */
  readonly externalIssuer?: ExternalIssuerSettings;
  /** Whether there is an authorization server here; absent: there is. */
  readonly ownAuthorizationServer?: boolean;
  /** How many clients may register with it. */
  readonly oauthClients?: ClientLimits;
  readonly bodyLimitBytes: number;
  readonly signing: SigningSettings;
  readonly accessTokenTtlMs: number;
  /** Lets a scraper on another machine read /metrics. */
  readonly metricsToken?: string;
  /** Only health, metrics and the state of the process: what a process without the role `api` serves. */
  readonly probesOnly?: boolean;
  readonly patience?: Patience;
  readonly feed?: FeedSettings;
  readonly webSocket?: WebSocketSettings;
}

/** Limits by the rules that are in the log now. */
export interface LimitsInForce extends Limiter {
  /** Answers when every event up to this position counts. */
  readonly caughtUp: (position: Position) => Promise<void>;
}

/** What serves a port, and how it is. */
export interface EngineStatus {
  /** Its name as its makers write it. */
  readonly engine: string;
  readonly status: 'ok' | 'unavailable';
  /** It lives in this process and in its data directory. */
  readonly embedded: boolean;
  readonly version?: string;
  readonly latencyMs?: number;
  /** Events that stand in the log and have not come there. */
  readonly lag?: number;
  readonly error?: string;
}

/** What the platform tells of itself to those who may ask. */
export interface SystemInfo {
  readonly version: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  /** What this process does. */
  readonly roles: readonly string[];
  /** By port; asks the engines, and answers within a few seconds whether they do or not. */
  readonly engines: () => Promise<Readonly<Record<string, EngineStatus>>>;
  /** The processes that are seen now, this one among them. */
  readonly nodes: () => Promise<readonly Node[]>;
}

/** How far connections have heard which secrets changed. */
export interface SecretChanges {
  /** Answers when every event up to this position counts. */
  readonly caughtUp: (position: Position) => Promise<void>;
}

/** Everything the HTTP layer needs; the composition root fills it in. */
export interface HttpDeps {
  readonly settings: HttpSettings;
  readonly commands: McpDeps & SessionDeps;
  readonly queries: QueryDeps;
  readonly idempotency: IdempotencyKeys;
  readonly executions: ExecutionRunner<CommandContext>;
  readonly discovery: ToolDiscovery<CommandContext>;
  readonly projections: ProjectionControl;
  readonly projectionCommands: ProjectionOperations<CommandContext>;
  readonly upstreams: Upstreams;
  readonly secretChanges: SecretChanges;
  readonly rewrapping: Rewrapping<CommandContext>;
  readonly seal: AuditSeal;
  readonly auditReads: AuditReads;
  /** What this process shares with others that serve the same. */
  readonly coordination: Pick<Coordination, 'cache' | 'channels' | 'rateLimits'>;
  readonly limits: LimitsInForce;
  /** Counts recorded calls again, on a clock of their own. */
  readonly createWindows: CreateWindows;
  /** For what others publish: through the egress guard. */
  readonly fetch: GuardedFetch;
  readonly logger: Logger;
  /** The process's metrics; the HTTP layer adds its own to it. */
  readonly metrics: Registry;
  readonly system: SystemInfo;
  /** False while the platform starts or stops, or its store does not answer. */
  readonly ready: () => boolean | Promise<boolean>;
}
