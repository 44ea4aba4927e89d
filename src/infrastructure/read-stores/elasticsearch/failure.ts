import { errors } from '@elastic/elasticsearch';
import { EngineUnfit } from '../../../ports/engine-probe.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';

/** What a failure says of the server, or of what was asked. */
type Kind = 'lost' | 'unavailable' | 'refused' | 'missing' | 'conflict' | 'statement';

/** Nothing changes before an operator has done something. */
const UNFIT_RETRY_MS = 5_000;

const UNAVAILABLE_STATUS: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/** A failure without what the client library carries along: requests, and how the connection is set up. */
export class ElasticsearchFailure extends Error {
  override readonly name = 'ElasticsearchFailure';
  readonly kind: Kind;
  readonly status: number | undefined;

  constructor(kind: Kind, message: string, status?: number) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

/** What a client library's error means; any other error comes back unchanged. */
export function elasticsearchFailure(error: unknown): unknown {
  if (error instanceof errors.ResponseError) return answerFailure(error.statusCode ?? 0, detailIn(error.body));
  if (error instanceof errors.TimeoutError) return new ElasticsearchFailure('lost', 'it does not answer');
  if (error instanceof errors.ConnectionError || error instanceof errors.NoLivingConnectionsError) {
    return new ElasticsearchFailure('lost', 'it cannot be reached, or the connection was lost');
  }
  if (error instanceof errors.ProductNotSupportedError) {
    return new ElasticsearchFailure('refused', 'what answers there is not Elasticsearch');
  }
  if (error instanceof errors.DeserializationError) {
    return new ElasticsearchFailure('unavailable', 'its answer cannot be understood');
  }
  return error;
}

/** What the error of an answer, or of one item of a bulk answer, means. */
export function answerFailure(status: number, detail: unknown): ElasticsearchFailure {
  const { type = '', reason = '' } = read(detail);
  const message = `${type || `status ${status}`}${reason === '' ? '' : `: ${reason}`}`;
  return new ElasticsearchFailure(kindOf(status, type), message, status);
}

function kindOf(status: number, type: string): Kind {
  // Read-only by hand, or because its disk is full. It is released without us.
  if (type === 'cluster_block_exception') return 'unavailable';
  if (status === 401 || status === 403) return 'refused';
  if (type === 'media_type_header_exception') return 'refused';
  if (status === 404) return 'missing';
  if (status === 409) return 'conflict';
  return UNAVAILABLE_STATUS.has(status) || (status >= 500 && type === '') ? 'unavailable' : 'statement';
}

function detailIn(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
}

function read(detail: unknown): { readonly type?: string; readonly reason?: string } {
  if (typeof detail !== 'object' || detail === null) return {};
  const { type, reason }: { readonly type?: unknown; readonly reason?: unknown } = detail;
  return { ...(typeof type === 'string' && { type }), ...(typeof reason === 'string' && { reason }) };
}

/** Whether the failure is of this kind. */
export function isFailure(error: unknown, kind: Kind): boolean {
  return error instanceof ElasticsearchFailure && error.kind === kind;
}

/**
 * StoreUnavailable when the server or the way to it failed, EngineUnfit when it refuses this program; any other error
 * comes back. `what` begins the message: "the read model things cannot be read".
 */
export function explainFailure(what: string, error: unknown): unknown {
  if (!(error instanceof ElasticsearchFailure) || error.kind === 'statement') return error;
  const message = `${what}: ${error.message}`;
  return error.kind === 'refused'
    ? new EngineUnfit(message, { cause: error, retryAfterMs: UNFIT_RETRY_MS })
    : new StoreUnavailable(message, { cause: error });
}

/** Why a server cannot be used, as an operator would say it. */
export function unfit(message: string): EngineUnfit {
  return new EngineUnfit(message, { retryAfterMs: UNFIT_RETRY_MS });
}
