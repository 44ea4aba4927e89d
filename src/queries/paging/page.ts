import { invalid } from '../invalid.ts';

/**
 * A page of a list. It may be shorter than was asked for, even empty, while more is to come: a list has ended when, and
 * only when, `nextCursor` is null.
 */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** How a caller walks through a list. */
export interface Paging {
  /** 1–200, 50 when absent. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  /** Fields in order of weight, `-` before those that descend: `-updatedAt,name`. */
  readonly sort?: string;
}

const largest = 200;
const usual = 50;

/** The number of items of a page. @throws DomainError `invalid_limit` */
export function pageLimit(limit: number = usual): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= largest) return limit;
  throw invalid('invalid_limit', '/limit', `must be a whole number from 1 to ${largest}`);
}
