import type { AnyRow, DocumentRow, ReadModel, RelationalRow, SearchRow } from '../../../ports/read-model.ts';
import { documentRows } from './document-rows.ts';
import { relationalRows } from './relational-rows.ts';
import type { RowTable } from './row-table.ts';
import { searchRows } from './search-rows.ts';

/** The table of a model, its rows as whoever carries them sees them. */
export function rowTableOf(model: ReadModel): RowTable<AnyRow> {
  switch (model.kind) {
    case 'relational':
      return carrying<RelationalRow>(relationalRows(model));
    case 'documents':
      return carrying<DocumentRow>(documentRows(model));
    case 'search':
      return carrying<SearchRow>(searchRows(model));
  }
}

/** A model's rows come from its own projection, whose rows are of the model's kind. */
function carrying<Row extends AnyRow>(table: RowTable<Row>): RowTable<AnyRow> {
  return {
    ...table,
    prepare(db) {
      const rows = table.prepare(db);
      return {
        ...rows,
        insert: (row) => rows.insert(row as Row),
        update: (before, after) => rows.update(before as Row, after as Row),
        remove: (row) => rows.remove(row as Row),
      };
    },
  };
}
