import { UpstreamError, type CallOptions, type UpstreamStatus, type UpstreamTarget } from '../../ports/upstream.ts';
import { backoffDelay, type BackoffOptions } from './backoff.ts';
import type { Ask } from './discovery.ts';
import { ConnectionLost, RpcFailure, SessionExpired, toUpstreamError } from './errors.ts';
import type { JsonObject } from './json.ts';
import { disconnected } from './multiplexer.ts';
import type { ResolvedSecret } from '../../ports/secret-use.ts';
import type { Redactor } from './redactor.ts';
import type { Session } from './session.ts';
import { waitFor } from './wait-for.ts';
import { CLOSED, type Wire } from './wire.ts';

/** Decides on a session whether a request may be sent over it. @throws UpstreamError it may not */
export type Admit = (session: Session, options: CallOptions) => Promise<void>;

export interface ConnectionOptions {
  readonly target: UpstreamTarget;
  /** Opens a session; tells of each wire on the way, so that closing can end it, and of the secrets that it has. */
  readonly open: (onWire: (wire: Wire) => void, uses: (secrets: readonly ResolvedSecret[]) => void) => Promise<Session>;
  readonly redactor: Redactor;
  readonly backoff: BackoffOptions;
  /** Called when the connection failed or was lost. */
  readonly onFailure: (error: UpstreamError) => void;
}

/**
 * The connection to one version of one mcp: opened when a call needs it, shared by all calls, opened again when it was
 * lost. After failures in a row it pauses, longer each time; calls in a pause fail at once.
 */
export class Connection {
  readonly target: UpstreamTarget;
  readonly #options: ConnectionOptions;
  #session: Session | undefined;
  #opening: Promise<Session> | undefined;
  #openingWire: Wire | undefined;
  /** Sessions that take no more calls, while some are still in flight. */
  readonly #retired = new Set<Session>();
  /** Failures since a server last answered. */
  #failures = 0;
  #nextTryAt = 0;
  #lastError: string | undefined;
  #closed = false;
  /** Ids of the secrets that the last session was opened with, or the next one is being. */
  #secrets: ReadonlySet<string> = new Set();
  /** Rises when what a session was opened with is no longer right. */
  #generation = 0;
  /** Milliseconds on the clock of `performance.now()`. */
  lastUsed = performance.now();

  constructor(options: ConnectionOptions) {
    this.target = options.target;
    this.#options = options;
  }

  get inFlight(): number {
    let count = this.#session?.rpc.inFlight ?? 0;
    for (const session of this.#retired) count += session.rpc.inFlight;
    return count;
  }

  /** True when there is nothing to lose by forgetting this connection. */
  get idle(): boolean {
    return this.inFlight === 0 && this.#opening === undefined && Date.now() >= this.#nextTryAt;
  }

  status(): UpstreamStatus {
    const { mcpId, version } = this.target;
    return {
      mcpId,
      version,
      state: this.#state(),
      inFlight: this.inFlight,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  /** The session, opened if need be. @throws UpstreamError */
  session(options: Pick<CallOptions, 'timeoutMs' | 'signal'>): Promise<Session> {
    this.lastUsed = performance.now();
    if (this.#closed) return Promise.reject(disconnected(CLOSED));
    if (this.#session !== undefined) return Promise.resolve(this.#session);
    const pause = this.#nextTryAt - Date.now();
    if (this.#opening === undefined && pause > 0) return Promise.reject(this.#pausing(pause));
    this.#opening ??= this.#open();
    return waitFor(this.#opening, options, 'connecting');
  }

  /** Sends a request over the session, if that is admitted. @throws UpstreamError */
  async request(method: string, params: JsonObject, options: CallOptions, admit?: Admit): Promise<unknown> {
    const live = this.#session;
    if (live === undefined) return this.#requestOnNew(method, params, options, admit);
    const started = performance.now();
    this.lastUsed = started;
    try {
      return await this.#send(live, method, params, options, admit);
    } catch (error) {
      if (!(error instanceof SessionExpired)) throw error;
      // The server refused the request unread, so sending it again cannot carry it out twice.
      this.#retire(live);
      const left = { ...options, timeoutMs: remaining(options.timeoutMs, started) };
      return this.#requestOnNew(method, params, left, admit);
    }
  }

  /** Asks over one session what concerns all of its calls. @throws UpstreamError */
  readonly askOn =
    (session: Session, timeoutMs: number): Ask =>
    async (method, params) =>
      this.#options.redactor.value(await session.rpc.request(method, params, { timeoutMs }));

  /** If it has this secret: lets what is in flight end, and has the next call connect anew, without a pause. */
  secretChanged(secretId: string): void {
    // One that is being opened may have read it and not said so yet.
    if (!this.#secrets.has(secretId) && this.#opening === undefined) return;
    this.#generation++;
    this.#failures = 0;
    this.#nextTryAt = 0;
    if (this.#session !== undefined) this.#retire(this.#session);
  }

  /** Ends it; what is in flight fails. */
  async close(reason: string): Promise<void> {
    this.#closed = true;
    const sessions = [...this.#retired, ...(this.#session === undefined ? [] : [this.#session])];
    this.#session = undefined;
    this.#retired.clear();
    const opening = this.#openingWire;
    await Promise.all([...sessions.map((session) => end(session, reason)), opening?.close()]);
  }

  async #requestOnNew(
    method: string,
    params: JsonObject,
    options: CallOptions,
    admit: Admit | undefined,
  ): Promise<unknown> {
    const started = performance.now();
    const session = await this.session(options);
    const left = { ...options, timeoutMs: remaining(options.timeoutMs, started) };
    return this.#send(session, method, params, left, admit);
  }

  async #send(
    session: Session,
    method: string,
    params: JsonObject,
    options: CallOptions,
    admit: Admit | undefined,
  ): Promise<unknown> {
    const started = performance.now();
    try {
      let left = options;
      if (admit !== undefined) {
        await admit(session, options);
        left = { ...options, timeoutMs: remaining(options.timeoutMs, started) };
      }
      const result = await session.rpc.request(method, params, this.#withoutSecrets(left));
      this.#failures = 0;
      return this.#options.redactor.value(result);
    } catch (error) {
      if (error instanceof UpstreamError) this.#options.redactor.error(error);
      if (error instanceof ConnectionLost) this.#lose(session, error);
      else if (error instanceof RpcFailure) this.#failures = 0;
      throw error;
    } finally {
      this.lastUsed = performance.now();
      if (this.#retired.has(session) && session.rpc.inFlight === 0) this.#discard(session);
    }
  }

  async #open(): Promise<Session> {
    try {
      const session = await this.#openNewest();
      if (this.#closed) {
        await end(session, CLOSED);
        throw disconnected(CLOSED);
      }
      if (session.wire.ended) throw disconnected(session.wire.endReason);
      session.wire.onclose = () => {
        this.#lose(session, this.#options.redactor.error(disconnected(session.wire.endReason)));
      };
      this.#session = session;
      this.#lastError = undefined;
      return session;
    } catch (error) {
      if (this.#closed) throw disconnected(CLOSED);
      const { redactor } = this.#options;
      const known = redactor.error(toUpstreamError(error, 'upstream_unavailable', 'the connection could not be made'));
      // A refusal is our own rule: waiting does not change it, and nobody was bothered.
      if (known.code !== 'upstream_refused') this.#fail(known, 1);
      throw known;
    } finally {
      this.#opening = undefined;
      this.#openingWire = undefined;
    }
  }

  /** A session with the secrets as they are now: one that changed on the way is not begun with. */
  async #openNewest(): Promise<Session> {
    for (;;) {
      const generation = this.#generation;
      const session = await this.#options.open(
        (wire) => {
          this.#openingWire = wire;
        },
        (secrets) => {
          this.#secrets = new Set(secrets.map(({ id }) => id));
        },
      );
      if (generation === this.#generation || this.#closed) return session;
      await end(session, 'a secret of it was changed');
    }
  }

  #withoutSecrets(options: CallOptions): CallOptions {
    const { onProgress } = options;
    if (onProgress === undefined) return options;
    const { redactor } = this.#options;
    return {
      ...options,
      onProgress: (progress) =>
        onProgress(
          progress.message === undefined ? progress : { ...progress, message: redactor.text(progress.message) },
        ),
    };
  }

  /** The session is gone: fails what was in flight on its wire, and lets the next call open another. */
  #lose(session: Session, error: UpstreamError): void {
    if (this.#session === session) {
      this.#session = undefined;
      // Losing a connection that worked costs no pause; losing it again before it answered anything does.
      this.#fail(error, 2);
      if (!session.wire.ended) this.#retired.add(session);
    }
    if (session.wire.ended) session.rpc.abort(error);
  }

  #retire(session: Session): void {
    if (this.#session === session) this.#session = undefined;
    if (session.rpc.inFlight > 0) this.#retired.add(session);
    else this.#discard(session);
  }

  #discard(session: Session): void {
    this.#retired.delete(session);
    session.wire.onclose = undefined;
    end(session, 'the connection was replaced').catch((error: unknown) => {
      this.#options.onFailure(toUpstreamError(error, 'upstream_unavailable', 'an old connection could not be closed'));
    });
  }

  #fail(error: UpstreamError, pauseFrom: number): void {
    this.#failures++;
    this.#lastError = error.message;
    const pauses = this.#failures - pauseFrom + 1;
    if (pauses > 0) this.#nextTryAt = Date.now() + backoffDelay(pauses, this.#options.backoff, Math.random);
    if (!this.#closed) this.#options.onFailure(error);
  }

  #pausing(pauseMs: number): UpstreamError {
    const next = `next try in ${(pauseMs / 1000).toFixed(1)} s (${new Date(this.#nextTryAt).toISOString()})`;
    return new UpstreamError('upstream_unavailable', `${this.#lastError ?? 'the server cannot be reached'}; ${next}`);
  }

  #state(): UpstreamStatus['state'] {
    if (this.#session !== undefined) return 'connected';
    if (this.#opening !== undefined) return 'connecting';
    return this.#nextTryAt > Date.now() ? 'backing_off' : 'closed';
  }
}

async function end(session: Session, reason: string): Promise<void> {
  session.rpc.abort(disconnected(reason));
  await session.wire.close();
}

function remaining(timeoutMs: number, started: number): number {
  return Math.max(1, Math.ceil(timeoutMs - (performance.now() - started)));
}
