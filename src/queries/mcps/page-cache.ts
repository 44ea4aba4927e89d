import { LRUCache } from 'lru-cache';
import type { QueryDeps } from '../deps.ts';
import type { Page } from '../paging/page.ts';

/** UTF-16 units of rows from which pages were made: they bound what the pages and their JSON texts take. */
const room = 4 * 1024 * 1024;

/**
 * A read model can also change without moving on (a rebuild, a roll-back, a parked stream taken up again), so that a page
 * is not served for longer than this however quiet the log is.
 */
const longestMs = 1_000;

/** A page, and about how large it is. */
export interface Sized<Item> {
  readonly page: Page<Item>;
  readonly size: number;
}

interface Kept<Item> extends Sized<Item> {
  readonly position: number;
  /** A page of another version is not one of this. */
  readonly version: number | undefined;
  readonly readAt: number;
}

/** Serves the very same page again while its read model stands where it stood when the page was read. */
export function createPageCache<Item>(
  { models, clock }: QueryDeps,
  model: string,
): (request: object, read: () => Promise<Sized<Item>>) => Promise<Page<Item>> {
  const pages = new LRUCache<string, Kept<Item>>({ maxSize: room, sizeCalculation: ({ size }) => size });
  return async (request, read) => {
    const key = JSON.stringify(Object.entries(request).sort(([a], [b]) => (a < b ? -1 : 1)));
    const now = clock();
    // Taken before the page is read: a page can then only be newer than it says, and is given up early, never late.
    const position = models.position(model);
    const version = models.state(model)?.version;
    const kept = pages.get(key);
    if (kept?.position === position && kept.version === version && now >= kept.readAt && now - kept.readAt < longestMs)
      return kept.page;
    const { page, size } = await read();
    pages.set(key, { position, version, readAt: now, page, size });
    return page;
  };
}
