import { executions } from '../../projections/executions/projection.ts';
import type { ExecutionRow } from '../../projections/executions/row.ts';
import type { ListRequest } from '../lists/request.ts';
import type { ListModel } from '../lists/model.ts';
import type { Interval } from '../time-travel/interval.ts';
import { listedColumns, trimmed } from './columns.ts';

/** `from` and `to` are about `requestedAt`. */
export interface ExecutionListRequest extends ListRequest, Interval {
  readonly mcpId?: string;
  readonly tool?: string;
  readonly status?: ExecutionRow['status'];
  readonly mode?: ExecutionRow['mode'];
  readonly requestedBy?: string;
  readonly replayOf?: string;
  /** Words that all occur in what was asked or answered. Calls that have ended are found; not together with `asOf`. */
  readonly q?: string;
}

/** `requestedAt` is the order of the log. */
export const executionSortFields = {
  requestedAt: { column: 'requested_position', type: 'integer', unique: true },
} as const;

export const executionList: ListModel<ExecutionRow> = {
  projection: executions,
  category: 'execution',
  sortFields: executionSortFields,
  defaultSort: '-requestedAt',
  bornColumn: 'requested_position',
  columns: listedColumns,
  trim: trimmed,
};
