/** Servers that tests run against, each where its variable says that one runs. */
export const engines = {
  mariadb: { variable: 'ANNALS_TEST_MARIADB_URL', title: 'MariaDB' },
  mysql: { variable: 'ANNALS_TEST_MYSQL_URL', title: 'MySQL' },
  mongodb: { variable: 'ANNALS_TEST_MONGODB_URL', title: 'MongoDB' },
  elasticsearch: { variable: 'ANNALS_TEST_ELASTICSEARCH_URL', title: 'Elasticsearch' },
  redis: { variable: 'ANNALS_TEST_REDIS_URL', title: 'Redis' },
  kafka: { variable: 'ANNALS_TEST_KAFKA_BROKERS', title: 'Kafka' },
  eventstore: { variable: 'ANNALS_TEST_EVENTSTORE_URL', title: 'EventStoreDB' },
} as const;

export type EngineName = keyof typeof engines;

export const engineNames: readonly EngineName[] = Object.keys(engines).filter(isEngineName);

function isEngineName(name: string): name is EngineName {
  return Object.hasOwn(engines, name);
}

/**
 * Names between spaces or commas, as a variable lists them.
 * @throws Error one of them is no engine: a slip would otherwise turn tests off unseen
 */
export function engineNamesIn(variable: string, list: string): readonly EngineName[] {
  return list
    .split(/[\s,]+/)
    .filter((name) => name !== '')
    .map((name) => {
      if (isEngineName(name)) return name;
      throw new Error(`${variable} names "${name}", which is none of: ${engineNames.join(', ')}`);
    });
}
