import type { RecordedEvent } from '../../../src/ports/event-store.ts';
import type { DocumentRow, RelationalRow, SearchRow } from '../../../src/ports/read-model.ts';
import type { AnyProjection, Projection } from '../../../src/projections/projection.ts';

/** What the events of the tests' `item-<id>` streams may be. */
export const itemTypes = ['ItemAdded', 'ItemNamed', 'ItemRemoved', 'ItemBroken', 'ItemSpoilt'] as const;

export interface Behaviour {
  /** `ItemBroken` cannot be understood: `evolve` throws. */
  readonly broken: boolean;
  /** `ItemSpoilt` makes a row that the store refuses. */
  readonly spoilt: boolean;
  readonly schemaVersion: number;
}

const behaved: Behaviour = { broken: false, spoilt: false, schemaVersion: 1 };

type Tally = RelationalRow & { readonly total: number; readonly names: string; readonly last: number };

/** A model of each kind over the same events. Their folds depend on order and on nothing being taken twice. */
export function smallProjections(overrides: Partial<Behaviour> = {}): readonly AnyProjection[] {
  const behaviour = { ...behaved, ...overrides };
  return [tallies(behaviour), papers(behaviour), finds(behaviour)];
}

function tallies({ broken, spoilt, schemaVersion }: Behaviour): Projection<Tally> {
  return {
    name: 'tallies',
    schemaVersion,
    model: {
      kind: 'relational',
      table: 'tallies',
      columns: { total: 'integer', names: 'text', last: 'integer' },
      indexes: [['total'], ['last', 'total']],
    },
    types: itemTypes,
    rowId: ({ stream }) => stream.slice('item-'.length),
    evolve(row, event) {
      const { id, total, names } = row ?? { id: event.stream.slice('item-'.length), total: 0, names: '' };
      const last = event.position;
      switch (event.type) {
        case 'ItemAdded':
          return { id, total: (total * 3 + numberIn(event)) % 1_000_003, names, last };
        case 'ItemNamed':
          return { id, total, names: `${names}${nameIn(event)}`.slice(-40), last };
        case 'ItemRemoved':
          return undefined;
        case 'ItemBroken':
          if (broken) throw new Error(`nobody understands ${event.position}`);
          return { id, total: total + 1, names, last };
        case 'ItemSpoilt':
          return { id, total: spoilt ? total + 0.5 : total + 2, names, last };
        default:
          return row;
      }
    },
  };
}

function papers({ broken, schemaVersion }: Behaviour): Projection<DocumentRow> {
  return {
    name: 'papers',
    schemaVersion,
    model: { kind: 'documents', collection: 'papers', indexes: [['length']] },
    types: ['ItemAdded', 'ItemNamed', 'ItemRemoved', 'ItemBroken'],
    rowId: ({ stream, type }) => (type === 'ItemAdded' ? undefined : stream),
    evolve(row, event) {
      if (event.type === 'ItemRemoved') return undefined;
      if (event.type === 'ItemBroken' && broken) throw new Error(`nobody understands ${event.position}`);
      const lines = [...linesOf(row), { at: event.position, text: event.type === 'ItemNamed' ? nameIn(event) : null }];
      return { id: event.stream, length: lines.length, lines: lines.slice(-8) };
    },
  };
}

function finds({ schemaVersion }: Behaviour): Projection<SearchRow> {
  return {
    name: 'finds',
    schemaVersion,
    model: { kind: 'search', index: 'finds', keywords: { last: 'integer', type: 'text' }, indexes: [['last']] },
    rowId: ({ stream }) => stream,
    begins: ({ revision }) => revision === 0,
    evolve: (row, event) => ({
      id: event.stream,
      text: event.type === 'ItemNamed' ? `${row?.text ?? ''} ${nameIn(event)}`.slice(-60) : (row?.text ?? null),
      keywords: { last: event.position, type: event.type },
    }),
  };
}

function numberIn({ data }: RecordedEvent): number {
  return (data as { readonly n: number }).n;
}

function nameIn({ data }: RecordedEvent): string {
  return (data as { readonly name: string }).name;
}

function linesOf(row: DocumentRow | undefined): readonly unknown[] {
  return (row?.['lines'] as readonly unknown[] | undefined) ?? [];
}
