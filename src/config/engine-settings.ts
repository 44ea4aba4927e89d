import { brokers, engineUrl, namePrefix, wholeNumber } from './parsers.ts';
import { setting } from './setting.ts';

const engines = { group: 'Engines', defaultText: 'embedded' };

/** The part of the settings that says where the engines are. URLs may hold passwords, so none is ever shown. */
export const engineSettings = {
  eventStoreUrl: setting({
    ...engines,
    name: 'ANNALS_EVENTSTORE_URL',
    description: 'EventStoreDB or KurrentDB as the event store, by its connection string.',
    example: 'a URL such as esdb://localhost:2113?tls=false',
    secret: true,
    schema: engineUrl('esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover'),
  }),
  kafkaBrokers: setting({
    ...engines,
    name: 'ANNALS_KAFKA_BROKERS',
    description:
      'Kafka as the event bus: addresses host:port, separated by commas, or a URL ' +
      'kafka+ssl://user:password@host:port,host:port?mechanism=scram-sha-512 (kafka:// without TLS).',
    defaultText: 'in-process',
    example: 'brokers such as localhost:9092',
    secret: true,
    schema: brokers,
  }),
  kafkaPartitions: setting({
    ...engines,
    name: 'ANNALS_KAFKA_PARTITIONS',
    description:
      'Partitions of the topic of events, when it is made. An existing topic with another number stops the start.',
    defaultText: '12',
    example: '24',
    schema: wholeNumber({ min: 1, max: 1000, fallback: 12 }),
  }),
  kafkaReplication: setting({
    ...engines,
    name: 'ANNALS_KAFKA_REPLICATION',
    description: 'Copies of each partition, when the topic is made: 3 where there are three brokers.',
    defaultText: '1',
    example: '3',
    schema: wholeNumber({ min: 1, max: 10, fallback: 1 }),
  }),
  sqlUrl: setting({
    ...engines,
    name: 'ANNALS_SQL_URL',
    description: 'MySQL 8 or MariaDB for the relational read models.',
    example: 'a URL such as mysql://annals:PASSWORD@localhost:3306/annals',
    secret: true,
    schema: engineUrl('mysql', 'mariadb'),
  }),
  documentsUrl: setting({
    ...engines,
    name: 'ANNALS_DOCUMENTS_URL',
    description: 'MongoDB, a replica set, for documents.',
    example: 'a URL such as mongodb://annals:PASSWORD@localhost:27017/annals?replicaSet=rs0',
    secret: true,
    schema: engineUrl('mongodb', 'mongodb+srv'),
  }),
  searchUrl: setting({
    ...engines,
    name: 'ANNALS_SEARCH_URL',
    description: 'Elasticsearch 9 for searching.',
    example: 'a URL such as https://annals:PASSWORD@localhost:9200',
    secret: true,
    schema: engineUrl('http', 'https'),
  }),
  redisUrl: setting({
    ...engines,
    name: 'ANNALS_REDIS_URL',
    description: 'Redis for what processes share: presence, leases and invalidation.',
    example: 'a URL such as redis://:PASSWORD@localhost:6379',
    secret: true,
    schema: engineUrl('redis', 'rediss'),
  }),
  enginePrefix: setting({
    ...engines,
    name: 'ANNALS_ENGINE_PREFIX',
    description: 'Begins the names of topics, indices and keys, where several installations share an engine.',
    defaultText: 'annals-',
    example: 'staging-',
    schema: namePrefix('annals-'),
  }),
};
