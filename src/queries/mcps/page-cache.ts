import type { Page } from '../paging/page.ts';
import type { QueryDeps } from '../deps.ts';

/** Pages kept; the least recently read gives way. */
const most = 64;

/**
 * A read model can also change without moving on (a rebuild, a roll-back, a parked stream taken up again), so that a page
 * is not served for longer than this however quiet the log is.
 */
const longestMs = 1_000;

interface Kept<Item> {
  readonly position: number;
  readonly readAt: number;
  readonly page: Page<Item>;
}

/** Serves the very same page again while its read model stands where it stood when the page was read. */
export function createPageCache<Item>(
  { models, clock }: QueryDeps,
  model: string,
): (request: object, read: () => Promise<Page<Item>>) => Promise<Page<Item>> {
  const pages = new Map<string, Kept<Item>>();
  return async (request, read) => {
    const key = JSON.stringify(Object.entries(request).sort(([a], [b]) => (a < b ? -1 : 1)));
    const now = clock();
    // Taken before the page is read: a page can then only be newer than it says, and is given up early, never late.
    const position = models.position(model);
    const kept = pages.get(key);
    pages.delete(key);
    if (kept?.position === position && now >= kept.readAt && now - kept.readAt < longestMs) {
      pages.set(key, kept);
      return kept.page;
    }
    const page = await read();
    pages.set(key, { position, readAt: now, page });
    const [oldest] = pages.keys();
    if (pages.size > most && oldest !== undefined) pages.delete(oldest);
    return page;
  };
}
