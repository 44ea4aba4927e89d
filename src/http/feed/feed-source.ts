import type { QueryDeps } from '../../queries/deps.ts';

/** Where a feed has its events from, and who opens what is sealed in them. */
export type FeedSource = Pick<QueryDeps, 'store' | 'personal'>;
