import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { onStoppableEngines, type StoppableEngine } from './engines-script.ts';
import { startPlatform, type Platform } from './platform.ts';
import { level } from './whole.ts';
import { heal, type Stoppable } from './stoppable.ts';

export const parts = ['eventStore', 'kafka', 'sql', 'documents', 'search', 'redis'] as const;

/** What the platform stands on, by what it is for. */
export type Part = (typeof parts)[number];

export interface EveryEngine {
  /** There while a test runs; one for all tests of a file, as one goes through many faults in its life. */
  readonly platform: () => Platform;
  readonly server: (part: Part) => Stoppable;
  /** Where the test itself reaches an engine. EventStoreDB's changes with each platform. */
  readonly urls: Readonly<Record<Exclude<Part, 'eventStore'>, string>>;
}

/**
 * Registers tests of a platform that has a server for everything, each of which the tests may stop; they all run again
 * after each test.
 * @param roles of the processes that are there from the beginning
 */
export function onEveryEngine(
  sql: 'mysql' | 'mariadb',
  body: (world: EveryEngine) => void,
  roles?: readonly string[],
): void {
  onStoppableEngines([sql, 'mongodb', 'elasticsearch', 'redis', 'kafka'], (engines) => {
    const byPart = {
      sql: engines[sql],
      documents: engines.mongodb,
      search: engines.elasticsearch,
      redis: engines.redis,
      kafka: engines.kafka,
    } satisfies Record<Exclude<Part, 'eventStore'>, StoppableEngine>;
    const urls = {
      sql: byPart.sql.url,
      documents: byPart.documents.url,
      search: byPart.search.url,
      redis: byPart.redis.url,
      kafka: byPart.kafka.url,
    };
    let platform: Platform | undefined;
    const running = (): Platform => {
      if (platform === undefined) throw new Error('the platform did not start');
      return platform;
    };
    const server = (part: Part): Stoppable => (part === 'eventStore' ? running().eventStore : byPart[part]);

    describe('a platform under load', () => {
      beforeAll(async () => {
        await Promise.all(Object.values(byPart).map(heal));
        platform = await startPlatform(urls, roles);
        await level(platform.api, 60_000);
      }, 120_000);
      afterEach(async () => {
        await Promise.all(parts.map((part) => heal(server(part))));
        await platform?.rest();
      }, 120_000);
      afterAll(() => platform?.remove(), 120_000);
      body({ platform: running, server, urls });
    });
  });
}
