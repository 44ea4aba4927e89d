import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Egress, EgressRequest } from '../../ports/egress.ts';
import { createAddressPolicy, type AddressPolicy, type AddressPolicyOptions } from './address-policy.ts';
import { createGuardedLookup, refused, type ResolveAll } from './guarded-lookup.ts';

export interface EgressOptions extends AddressPolicyOptions {
  /** Sockets kept open to one origin. */
  readonly maxSockets?: number;
  /** How names are resolved; `dns.lookup` by default. */
  readonly resolve?: ResolveAll;
}

/** Milliseconds that an unused connection is kept: less than the five seconds after which many servers close it. */
const KEEP_MS = 4000;

type PooledTarget = ClientRequestArgs & EgressRequest;
type Connected = (error: Error | null, socket: Duplex) => void;

/**
 * The guard on every outgoing request. It judges the address connected to, not the text of the URL: literals in any
 * spelling, what a name resolves to at that moment, and once more what the socket says it is connected to.
 * @throws RangeError `allow` holds something else than address blocks
 */
export function createEgressPolicy(options: EgressOptions): Egress {
  const policy = createAddressPolicy(options);
  const agentOptions = {
    keepAlive: true,
    maxSockets: options.maxSockets ?? 64,
    scheduling: 'lifo' as const,
    timeout: KEEP_MS,
    lookup: createGuardedLookup(policy, options.resolve),
  } satisfies AgentOptions;
  const http = new GuardedHttpAgent(policy, agentOptions);
  const https = new GuardedHttpsAgent(policy, agentOptions);
  return {
    http,
    https,
    refusal: policy,
    close() {
      destroyIdle(http);
      destroyIdle(https);
    },
  };
}

class GuardedHttpAgent extends HttpAgent {
  readonly #policy: AddressPolicy;

  constructor(policy: AddressPolicy, options: AgentOptions) {
    super(options);
    this.#policy = policy;
  }

  override createConnection(target: ClientRequestArgs, connected?: Connected): Duplex | null | undefined {
    return guard(this.#policy, target, connected, () => super.createConnection(target, connected));
  }

  override getName(target?: PooledTarget): string {
    return pooled(super.getName(target), target);
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  readonly #policy: AddressPolicy;

  constructor(policy: AddressPolicy, options: AgentOptions) {
    super(options);
    this.#policy = policy;
  }

  override createConnection(target: ClientRequestArgs, connected?: Connected): Duplex | null | undefined {
    return guard(this.#policy, target, connected, () => super.createConnection(target, connected));
  }

  override getName(target?: PooledTarget): string {
    return pooled(super.getName(target), target);
  }
}

/** Requests that name a pool share sockets among themselves only. */
function pooled(name: string, target: PooledTarget | undefined): string {
  return target?.pool === undefined ? name : `${name}:${target.pool}`;
}

function guard(
  policy: AddressPolicy,
  target: ClientRequestArgs,
  connected: Connected | undefined,
  connect: () => Duplex | null | undefined,
): Duplex | null | undefined {
  const host = target.host ?? '';
  const kind = target.socketPath ? 'a local socket' : isIP(host) !== 0 ? policy(host) : undefined;
  if (kind !== undefined) {
    const error = refused(`"${target.socketPath ?? host}"`, kind);
    if (connected === undefined) throw error;
    // The agent reads the socket only when there is no error.
    (connected as (error: Error) => void)(error);
    return undefined;
  }
  const socket = connect();
  if (socket instanceof Socket) checkOnceConnected(policy, socket, host);
  return socket;
}

/** The last word: whatever led here, the peer's own address is judged before a byte is sent. */
function checkOnceConnected(policy: AddressPolicy, socket: Socket, host: string): void {
  socket.prependOnceListener('connect', () => {
    const kind = policy(socket.remoteAddress ?? '');
    if (kind !== undefined) socket.destroy(refused(`"${host}"`, kind));
  });
}

function destroyIdle(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
