import { describe, test } from 'vitest';

/** Servers that tests run against, each where its variable says that one runs. */
const engines = {
  mariadb: { variable: 'ANNALS_TEST_MARIADB_URL', title: 'MariaDB' },
  mysql: { variable: 'ANNALS_TEST_MYSQL_URL', title: 'MySQL' },
  mongodb: { variable: 'ANNALS_TEST_MONGODB_URL', title: 'MongoDB' },
  elasticsearch: { variable: 'ANNALS_TEST_ELASTICSEARCH_URL', title: 'Elasticsearch' },
  redis: { variable: 'ANNALS_TEST_REDIS_URL', title: 'Redis' },
  kafka: { variable: 'ANNALS_TEST_KAFKA_BROKERS', title: 'Kafka' },
  eventstore: { variable: 'ANNALS_TEST_EVENTSTORE_URL', title: 'EventStoreDB' },
} as const;

export type EngineName = keyof typeof engines;

/** Where the engine answers; undefined when there is none. */
export function engineUrl(name: EngineName): string | undefined {
  return process.env[engines[name].variable] || undefined;
}

/** Registers an engine's tests where the engine is there, and elsewhere one skipped test that says so. */
export function onEngine(name: EngineName, body: (url: string) => void): void {
  const url = engineUrl(name);
  const { title, variable } = engines[name];
  if (url === undefined) test.skip(`skipped: no ${title} (${variable} names none)`, () => undefined);
  else describe(`on ${title}`, () => body(url));
}
