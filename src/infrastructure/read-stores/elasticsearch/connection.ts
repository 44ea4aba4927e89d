import { Client } from '@elastic/elasticsearch';
import { StoreUnavailable } from '../../../ports/unavailable.ts';
import { elasticsearchFailure, isFailure, unfit } from './failure.ts';
import { whileOverloaded } from './overload.ts';

/** Writes of many rows, and what the server does with whole indices, take longer than a question. */
const LONG_MS = 15_000;
const RETRIES = 2;
const RETRY_PAUSE_S = 0.1;

export interface Question {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** JSON, or lines of JSON. */
  readonly body?: Readonly<Record<string, unknown>> | string;
  /** It may take long. */
  readonly isLong?: boolean;
  /** Sent twice, it would not be the same. */
  readonly isOnce?: boolean;
}

/** A way to one server or cluster, taken when it is first needed. */
export interface ElasticsearchConnection {
  /** Without anything secret. */
  readonly address: string;
  /** The answer's body. @throws ElasticsearchFailure; EngineUnfit the URL is none; StoreUnavailable it is closed */
  ask(question: Question): Promise<unknown>;
  /** The answer's body; undefined when there is no such thing. */
  askIfThere(question: Question): Promise<unknown>;
  close(): Promise<void>;
}

/** Never fails: a URL that is none is told by whatever is asked of it. */
export function elasticsearchConnection(url: string, patienceMs: number): ElasticsearchConnection {
  let client: Client | undefined;
  let isClosed = false;

  const ask = (question: Question): Promise<unknown> =>
    whileOverloaded(question.isLong === true ? LONG_MS : patienceMs, () => askOnce(question));

  async function askOnce({ method, path, query, body, isLong, isOnce }: Question): Promise<unknown> {
    if (isClosed) throw new StoreUnavailable('the connection to Elasticsearch is closed');
    client ??= clientFor(url, patienceMs);
    const isLines = typeof body === 'string';
    try {
      return await client.transport.request(
        { method, path, ...(query && { querystring: query }), ...(isLines ? { bulkBody: body } : body && { body }) },
        {
          retryBackoff: () => RETRY_PAUSE_S,
          ...(isLong === true && { requestTimeout: LONG_MS }),
          ...(isOnce === true && { maxRetries: 0 }),
        },
      );
    } catch (error) {
      throw elasticsearchFailure(error);
    }
  }

  return {
    address: addressIn(url),
    ask,
    async askIfThere(question) {
      try {
        return await ask(question);
      } catch (error) {
        if (isFailure(error, 'missing')) return undefined;
        throw error;
      }
    },
    async close() {
      isClosed = true;
      await client?.close();
    },
  };
}

function addressIn(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'nowhere';
}

/** The parser's own error may carry the URL, and the password in it, along. */
function clientFor(url: string, patienceMs: number): Client {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw unfit('this is not the URL of an Elasticsearch, such as https://user:password@host:9200');
  }
  return new Client({
    node: url,
    requestTimeout: patienceMs,
    maxRetries: RETRIES,
    // A server that was away is asked again at once: whoever asks has waited already.
    resurrectStrategy: 'none',
  });
}
