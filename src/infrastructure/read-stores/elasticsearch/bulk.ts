import { fieldsOf, listOf } from './answers.ts';
import type { ElasticsearchConnection } from './connection.ts';
import { answerFailure } from './failure.ts';

/** Of one request, in UTF-16 units. */
const REQUEST_LENGTH = 4_000_000;

export interface BulkWrite {
  readonly id: string;
  /** Undefined: it is removed. */
  readonly document: Readonly<Record<string, unknown>> | undefined;
  /** Undefined: it must not be there yet. */
  readonly number: number | undefined;
}

/** What became of one write: it made a document, it found one, or a newer one was there already. */
export type BulkResult = 'created' | 'found' | 'newer';

/**
 * Writes documents by way of an alias, in as few requests as are not too large. Of each document the one with the
 * highest number stays, in whatever order writes arrive. Answers what became of each, in order.
 * @param options.findable waits until all can be searched
 * @throws ElasticsearchFailure; some may be written then
 */
export async function bulk(
  connection: ElasticsearchConnection,
  alias: string,
  writes: Iterable<BulkWrite>,
  options: { readonly findable?: boolean } = {},
): Promise<readonly BulkResult[]> {
  const results: BulkResult[] = [];
  let lines: string[] = [];
  let length = 0;
  let isOnce = false;

  async function send(refresh: boolean): Promise<void> {
    const answer = fieldsOf(
      await connection.ask({
        method: 'POST',
        path: `/${alias}/_bulk`,
        query: { require_alias: true, refresh },
        body: lines.join(''),
        isLong: true,
        isOnce,
      }),
    );
    for (const item of listOf(answer['items'])) results.push(resultOf(item));
    [lines, length] = [[], 0];
  }

  for (const { id, document, number } of writes) {
    if (length > REQUEST_LENGTH) await send(false);
    const line = `${action(id, document !== undefined, number)}\n${document ? `${JSON.stringify(document)}\n` : ''}`;
    lines.push(line);
    length += line.length;
    if (number === undefined) isOnce = true;
  }
  if (lines.length > 0) await send(options.findable === true);
  return results;
}

function action(id: string, isKept: boolean, number: number | undefined): string {
  if (number === undefined) return JSON.stringify(isKept ? { create: { _id: id } } : { delete: { _id: id } });
  return JSON.stringify({
    [isKept ? 'index' : 'delete']: { _id: id, version: number, version_type: 'external_gte' },
  });
}

function resultOf(item: unknown): BulkResult {
  const [outcome] = Object.values(fieldsOf(item)).map(fieldsOf);
  const status = Number(outcome?.['status']);
  if (status === 201) return 'created';
  if (status === 200) return 'found';
  if (status === 409) return 'newer';
  const isGone = status === 404 && outcome?.['result'] === 'not_found';
  if (isGone) return 'found';
  throw answerFailure(status, outcome?.['error']);
}
