import type { Offer } from '../../domain/mcp/definition.ts';
import type { ToolResult } from '../../domain/execution/result.ts';
import type { Egress } from '../../ports/egress.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ResolveSecret } from '../../ports/secret-use.ts';
import type { CallOptions, Upstreams, UpstreamTarget } from '../../ports/upstream.ts';
import { admitCall } from './admit-call.ts';
import { Connection } from './connection.ts';
import { discoverOffer, type Ask } from './discovery.ts';
import type { CompareTools } from './live-tools.ts';
import { ListChanges } from './list-changes.ts';
import { LogRing } from './log-ring.ts';
import { createNotices } from './notices.ts';
import { prepareWires, type Programs } from './prepare-wires.ts';
import { Redactor } from './redactor.ts';
import { openSession } from './session.ts';
import { noSecrets } from './settings.ts';
import type { RunningProcess } from './stdio-wire.ts';
import { checkToolResult } from './tool-result.ts';

export interface UpstreamsOptions {
  readonly egress: Pick<Egress, 'http' | 'https'>;
  /** Commands that may be started for stdio servers (`ANNALS_STDIO_ALLOW`). */
  readonly stdioAllow: readonly string[];
  /** Whether a launch has to say exactly what it runs (`ANNALS_STDIO_UNPINNED`); absent: it need not. */
  readonly stdioPinned?: boolean;
  /** The environment of this process; a child sees PATH, HOME and LANG of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absent: programs share the home of this process, and nothing confines them. */
  readonly programs?: Programs;
  /** Variables that lead package runners to the settings and caches that servers share. */
  readonly packageTools?: Readonly<Record<string, string>>;
  readonly logger: Logger;
  /** What this client calls itself to servers. */
  readonly client: { readonly name: string; readonly version: string };
  /** Finds the tools that a server describes otherwise than a version does; absent: it may say of them what it likes. */
  readonly compareTools?: CompareTools;
  /** Gives a stored secret in clear; absent: there are none. */
  readonly resolveSecret?: ResolveSecret;
  /** Bytes of one answer; 16 MiB unless told. */
  readonly maxResultBytes?: number;
  /** Milliseconds to connect and shake hands; a minute unless told, for a package may have to be fetched first. */
  readonly handshakeTimeoutMs?: number;
  /** Milliseconds without a call after which a connection is closed; five minutes unless told. */
  readonly idleCloseMs?: number;
  /** Milliseconds between asking a process to end and ending it; 2 s unless told. */
  readonly killGraceMs?: number;
  /** Pauses after failures in a row; from 0.5 s to a minute unless told. */
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number };
}

/** Logs are kept of this many mcps; the one longest without a new process is forgotten first. */
const MAX_LOGS = 1000;

/** Connections to MCP servers. Whoever creates them closes them: until then, processes run and sockets stay open. */
export function createUpstreams(options: UpstreamsOptions): Upstreams {
  const connections = new Map<string, Connection>();
  const logs = new Map<string, LogRing>();
  const running = new Set<RunningProcess>();
  const changes = new ListChanges(options.logger);
  const idleCloseMs = options.idleCloseMs ?? 300_000;
  const wireOptions = {
    agents: options.egress,
    launchRules: {
      allow: options.stdioAllow,
      environment: options.environment,
      ...(options.stdioPinned !== undefined && { pinned: options.stdioPinned }),
      ...(options.packageTools !== undefined && { packageTools: options.packageTools }),
    },
    programs: options.programs,
    resolveSecret: options.resolveSecret ?? noSecrets,
    maxResultBytes: options.maxResultBytes ?? 16 * 1024 * 1024,
    killGraceMs: options.killGraceMs ?? 2000,
    running,
  };
  const comparisons: ((target: UpstreamTarget, same: boolean) => void)[] = [];
  let closed = false;

  // A detached process group outlives us unless it is ended here: nothing asynchronous runs any more at this point.
  const endProcesses = (): void => {
    for (const child of running) child.kill();
  };
  process.once('exit', endProcesses);
  const sweep = setInterval(closeIdle, Math.max(20, Math.min(idleCloseMs / 4, 30_000))).unref();

  function connect({ caller, ...asked }: UpstreamTarget): Connection {
    // Shared by all, unless it has secrets that are the caller's own.
    const target: UpstreamTarget = caller !== undefined && asksForCallersOwn(asked) ? { ...asked, caller } : asked;
    const key = `${target.mcpId}@${target.version}${target.caller === undefined ? '' : ` ${target.caller}`}`;
    const known = connections.get(key);
    if (known !== undefined) return known;
    const redactor = new Redactor();
    const notice = createNotices(options.logger, target);
    const note: typeof notice = (kind, text) => notice(kind, redactor.text(text));
    const connection = new Connection({
      target,
      redactor,
      backoff: options.backoff ?? { firstMs: 500, maxMs: 60_000 },
      onFailure: (error) => note(error.code, error.message),
      async open(onWire, uses) {
        const log = (line: string): void => logOf(target.mcpId).add(line);
        const createWire = await prepareWires(target, wireOptions, { log, note, redactor, uses });
        const session = await openSession({
          createWire,
          client: options.client,
          timeoutMs: options.handshakeTimeoutMs ?? 60_000,
          note,
          onNotification: (method) => {
            if (method.endsWith('/list_changed')) changes.announce(key, target);
          },
          onWire,
          compareTools: options.compareTools ?? nothingDiffers,
        });
        redactor.value(session.server);
        return session;
      },
    });
    // After close() the connection answers every call with its error, and opens nothing.
    if (closed) void connection.close('the server is stopping');
    else connections.set(key, connection);
    return connection;
  }

  function logOf(mcpId: string): LogRing {
    const ring = logs.get(mcpId) ?? new LogRing();
    logs.delete(mcpId);
    logs.set(mcpId, ring);
    const [oldest] = logs.keys();
    if (logs.size > MAX_LOGS && oldest !== undefined) logs.delete(oldest);
    return ring;
  }

  function closeIdle(): void {
    for (const [key, connection] of connections) {
      if (!connection.idle || performance.now() - connection.lastUsed < idleCloseMs) continue;
      connections.delete(key);
      void closeLogged(connection, 'the connection was idle');
    }
  }

  function closeLogged(connection: Connection, reason: string): Promise<void> {
    return connection.close(reason).catch((error: unknown) => {
      options.logger.warn({ error, mcpId: connection.target.mcpId }, 'an upstream connection could not be closed');
    });
  }

  return {
    async callTool(target, call, callOptions): Promise<ToolResult> {
      const params = { name: call.name, arguments: call.arguments };
      const connection = connect(target);
      const { approved } = call;
      const tell = (same: boolean): void => comparisons.forEach((listener) => listener(target, same));
      const admit =
        approved &&
        options.compareTools &&
        admitCall(connection, call.name, approved, (differences) => tell(differences.size === 0));
      return checkToolResult(await connection.request('tools/call', params, callOptions, admit));
    },
    async discover(target, callOptions): Promise<Offer> {
      const connection = connect(target);
      const deadline = performance.now() + callOptions.timeoutMs;
      const left = (): CallOptions => ({ ...callOptions, timeoutMs: Math.max(1, deadline - performance.now()) });
      const { capabilities, server, tools } = await connection.session(left());
      const { generation } = tools;
      const ask: Ask = (method, params) => connection.request(method, params, left());
      const offer = await discoverOffer(capabilities, server, ask);
      tools.learn(offer.tools, generation);
      return offer;
    },
    async disconnect(mcpId) {
      const ending = [...connections].filter(([, { target }]) => target.mcpId === mcpId);
      for (const [key] of ending) connections.delete(key);
      await Promise.all(ending.map(([, connection]) => closeLogged(connection, 'the mcp was disconnected')));
    },
    secretChanged(secretId) {
      for (const connection of connections.values()) connection.secretChanged(secretId);
    },
    logs: (mcpId) => logs.get(mcpId)?.lines() ?? [],
    status: () => [...connections.values()].map((connection) => connection.status()),
    onListChanged: (listener) => changes.listen(listener),
    onToolsCompared: (listener) => void comparisons.push(listener),
    async close() {
      closed = true;
      clearInterval(sweep);
      changes.close();
      const ending = [...connections.values()];
      connections.clear();
      await Promise.all(ending.map((connection) => closeLogged(connection, 'the server is stopping')));
      endProcesses();
      process.off('exit', endProcesses);
    },
  };
}

const nothingDiffers: CompareTools = () => new Map();

function asksForCallersOwn({ transport }: UpstreamTarget): boolean {
  const settings = (transport.type === 'stdio' ? transport.env : transport.headers) ?? {};
  return Object.values(settings).some((value) => typeof value !== 'string' && value.scope === 'user');
}
