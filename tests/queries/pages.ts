import { expect } from 'vitest';
import { DomainError } from '../../src/domain/error.ts';
import type { Page } from '../../src/queries/paging/page.ts';

/** Walks through a list to its end; `between` runs after each page. */
export async function walk<Item>(
  read: (cursor?: string) => Promise<Page<Item>>,
  between: () => Promise<void> = async () => undefined,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 1000; pages++) {
    const page = await read(cursor);
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
    await between();
  }
  return expect.fail('the list has no end');
}

/** The fault that a query was refused with. */
export async function refusal(query: Promise<unknown>): Promise<{ code: string; kind: string; pointer?: string }> {
  const error = await query.then(
    (answer) => expect.fail(`nothing was refused: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof DomainError)) throw error;
  const [fault] = error.faults;
  return { code: error.code, kind: error.kind, ...(fault && { pointer: fault.pointer }) };
}
