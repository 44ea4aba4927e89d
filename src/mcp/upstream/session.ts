import type { Client } from '@modelcontextprotocol/client';
import { UpstreamError } from '../../ports/upstream.ts';
import type { ServerFacts } from './discovery.ts';
import { toUpstreamError } from './errors.ts';
import { requestEnvelope } from './http-revision.ts';
import { isObject, shorten, type JsonObject } from './json.ts';
import { LiveTools, type CompareTools } from './live-tools.ts';
import { Multiplexer } from './multiplexer.ts';
import { CLOSED, type Note, type Wire } from './wire.ts';

/** A server after the handshake. */
export interface Session {
  readonly wire: Wire;
  readonly rpc: Multiplexer;
  readonly server: ServerFacts;
  readonly capabilities: JsonObject;
  /** What it says now that its tools are. */
  readonly tools: LiveTools;
}

export interface SessionOptions {
  /** A wire that has not been started; asked for again when the server wants another revision of the protocol. */
  readonly createWire: () => Wire;
  /** Told of each wire, so that it can be ended from outside. */
  readonly onWire: (wire: Wire) => void;
  readonly client: { readonly name: string; readonly version: string };
  readonly timeoutMs: number;
  readonly note: Note;
  readonly onNotification: (method: string) => void;
  readonly compareTools: CompareTools;
}

/** The revision without a handshake, tried when a server refuses the handshake of the earlier ones. */
const STATELESS_REVISION = '2026-07-28';

/**
 * Connects and shakes hands through the official SDK, which knows the revisions of the protocol, then takes the wire over:
 * from here on, requests go through a multiplexer of our own.
 * @throws UpstreamError `upstream_unavailable`, `upstream_refused`
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const deadline = performance.now() + options.timeoutMs;
  const attempt = (revision: string | undefined): Promise<Session> =>
    shakeHands(options, revision, Math.max(1, deadline - performance.now()));
  try {
    return await attempt(undefined);
  } catch (error) {
    if (!(error instanceof HandshakeRefused)) throw error;
    try {
      return await attempt(STATELESS_REVISION);
    } catch (second) {
      options.note('revision_refused', `neither does it speak ${STATELESS_REVISION}: ${String(second)}`);
      throw error;
    }
  }
}

/** The server answered the handshake, and the answer was no. */
class HandshakeRefused extends UpstreamError {}

async function shakeHands(options: SessionOptions, revision: string | undefined, timeoutMs: number): Promise<Session> {
  // Loaded when the first server is reached: the SDK is large, and a start should not wait for it.
  const { Client } = await import('@modelcontextprotocol/client');
  const wire = options.createWire();
  options.onWire(wire);
  const client = new Client(
    { ...options.client },
    revision === undefined ? {} : { versionNegotiation: { mode: { pin: revision } } },
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the handshake was not finished within ${Math.round(timeoutMs)} ms`)),
      timeoutMs,
    );
  });
  try {
    await Promise.race([client.connect(wire, { timeout: timeoutMs }), late]);
    return takeOver(options, wire, client, revision);
  } catch (error) {
    const reason = wire.ended && wire.endReason !== CLOSED ? wire.endReason : undefined;
    // A process may take its time to go; nobody needs to wait for that.
    wire.close().catch((closing: unknown) => options.note('not_closed', String(closing)));
    throw failure(error, reason);
  } finally {
    clearTimeout(timer);
  }
}

function takeOver(options: SessionOptions, wire: Wire, client: Client, revision: string | undefined): Session {
  if (wire.ended) throw new Error(wire.endReason);
  wire.onclose = undefined;
  const protocolVersion = client.getNegotiatedProtocolVersion() ?? revision ?? 'unknown';
  const { name, version } = client.getServerVersion() ?? { name: 'unknown', version: 'unknown' };
  const capabilities: JsonObject = { ...client.getServerCapabilities() };
  const tools = new LiveTools(options.compareTools);
  const rpc = new Multiplexer({
    wire,
    note: options.note,
    onNotification(method) {
      if (method === 'notifications/tools/list_changed') tools.changed();
      options.onNotification(method);
    },
    ...(revision === undefined ? {} : { envelope: requestEnvelope(protocolVersion, options.client) }),
  });
  if (revision === undefined && announcesChanges(capabilities)) wire.listen?.();
  const server = { name: shorten(name, 200), version: shorten(version, 200), protocolVersion };
  return { wire, rpc, server, capabilities, tools };
}

function announcesChanges(capabilities: JsonObject): boolean {
  return Object.values(capabilities).some((value) => isObject(value) && value['listChanged'] === true);
}

/** What went wrong, told by whoever knows more: the end of the wire, our own errors, then the SDK's. */
function failure(error: unknown, endReason: string | undefined): UpstreamError {
  if (error instanceof UpstreamError && error.code === 'upstream_refused') return error;
  const reason = endReason ?? (error instanceof Error ? shorten(error.message, 1000) : String(error));
  const message = `the handshake failed: ${reason}`;
  const answered = error instanceof UpstreamError ? error.code === 'upstream_protocol_error' : isAnswer(error);
  if (answered && endReason === undefined)
    return new HandshakeRefused('upstream_unavailable', message, { cause: error });
  return toUpstreamError(new Error(reason, { cause: error }), 'upstream_unavailable', 'the handshake failed');
}

/** A JSON-RPC error, as the SDK throws it. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === 'ProtocolError';
}
