import { sql } from 'kysely';
import { executions } from '../../projections/executions/projection.ts';
import type { ExecutionRow } from '../../projections/executions/row.ts';
import { resultLimitInLists } from './resource.ts';

/** Longer arguments (UTF-16 units of JSON) are read one by one, so that a page of them does not come all at once. */
const argumentsLimit = 16_384;

/** Stands for arguments that have not been read; JSON is never empty. */
export const unread = '';

const plain = executions.model.columns;

/** A row as lists read it: without a large result, and without large arguments as yet. */
export const listedColumns = sql.join([
  sql.ref('id'),
  ...Object.keys(plain)
    .filter((column) => column !== 'result' && column !== 'arguments')
    .map((column) => sql.ref(column)),
  sql`case when result_size <= ${sql.lit(resultLimitInLists)} then result end as result`,
  sql`case when arguments_size <= ${sql.lit(argumentsLimit)} then arguments else ${sql.lit(unread)} end as arguments`,
]);

/** What `listedColumns` makes of a row. */
export function trimmed(row: ExecutionRow): ExecutionRow {
  return {
    ...row,
    result: row.result_size <= resultLimitInLists ? row.result : null,
    arguments: row.arguments_size <= argumentsLimit ? row.arguments : unread,
  };
}
