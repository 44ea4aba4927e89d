import { describe, expect, it } from 'vitest';
import { parseKafkaUrl } from '../../../src/infrastructure/event-bus/kafka.ts';
import { kafkaNames } from '../../../src/infrastructure/event-bus/kafka/names.ts';

describe('the address of Kafka', () => {
  it.each([
    ['one:9092', { brokers: ['one:9092'] }],
    ['one:9092, two:9093', { brokers: ['one:9092', 'two:9093'] }],
    ['kafka://one:9092,[::1]:9093/', { brokers: ['one:9092', '[::1]:9093'] }],
    ['kafka+ssl://one:9093', { brokers: ['one:9093'], ssl: true }],
    [
      'kafka://me:p%40ss@one:9092',
      { brokers: ['one:9092'], sasl: { mechanism: 'plain', username: 'me', password: 'p@ss' } },
    ],
    [
      'kafka+ssl://me:secret@one:9092,two:9092?mechanism=scram-sha-512',
      {
        brokers: ['one:9092', 'two:9092'],
        ssl: true,
        sasl: { mechanism: 'scram-sha-512', username: 'me', password: 'secret' },
      },
    ],
  ])('%s is understood', (text, access) => {
    expect(parseKafkaUrl(text)).toEqual(access);
  });

  it.each([
    ['', 'is not of the form'],
    ['one', 'names a broker that is not host:port'],
    ['one:9092,', 'names a broker that is not host:port'],
    ['http://one:9092', 'is not of the form'],
    ['kafka://me:hunter2@', 'is not of the form'],
    ['kafka://me:hunter2@one', 'names a broker that is not host:port'],
    ['kafka://me:hunter2@one:9092?mechanism=magic', 'names a mechanism that is none of plain'],
    ['kafka://me:hunter2%@one:9092', 'has a user or password that is not percent-encoded'],
  ])('%s is refused without quoting it', (text, message) => {
    expect(() => parseKafkaUrl(text)).toThrow(message);
    expect(() => parseKafkaUrl(text)).not.toThrow('hunter2');
  });

  it('takes a prefix that can begin the name of a topic, and no other', () => {
    expect(kafkaNames('annals.').events).toBe('annals.events');
    for (const prefix of ['a b', 'ä', 'a/b', 'x'.repeat(101)]) expect(() => kafkaNames(prefix)).toThrow(TypeError);
  });
});
