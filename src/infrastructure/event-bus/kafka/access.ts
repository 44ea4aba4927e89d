import type { ISocketFactory, SASLOptions } from 'kafkajs';

/** How Kafka is reached. */
export interface KafkaAccess {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** What this program calls itself to Kafka. */
  readonly clientId: string;
  readonly ssl?: boolean;
  readonly sasl?: SASLOptions;
  readonly socketFactory?: ISocketFactory;
}

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
const FORM =
  /^(?:kafka(?<tls>\+ssl)?:\/\/)?(?:(?<user>[^:@/]*):(?<password>[^@/]*)@)?(?<hosts>[^@/?]+)\/?(?:\?(?<query>.*))?$/;
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}$/;

/**
 * Reads `host:port,host:port`, or `kafka://user:password@host:port,host:port?mechanism=scram-sha-512`. `kafka+ssl://`
 * speaks TLS; user and password are percent-encoded; the mechanism is `plain` unless it is named.
 * @throws TypeError what is wrong, without quoting the text, which may hold a password
 */
export function parseKafkaUrl(text: string): Pick<KafkaAccess, 'brokers' | 'ssl' | 'sasl'> {
  const parts = FORM.exec(text.trim())?.groups;
  if (parts === undefined) throw new TypeError('is not of the form kafka://user:password@host:port,host:port');
  const brokers = (parts['hosts'] ?? '').split(',').map((host) => host.trim());
  if (!brokers.every((broker) => HOST.test(broker))) throw new TypeError('names a broker that is not host:port');
  return {
    brokers,
    ...(parts['tls'] === undefined ? {} : { ssl: true }),
    ...(parts['user'] === undefined ? {} : { sasl: saslOf(parts['user'], parts['password'] ?? '', parts['query']) }),
  };
}

function saslOf(user: string, password: string, query: string | undefined): SASLOptions {
  const wanted = new URLSearchParams(query).get('mechanism') ?? 'plain';
  const mechanism = MECHANISMS.find((known) => known === wanted);
  if (mechanism === undefined) throw new TypeError(`names a mechanism that is none of ${MECHANISMS.join(', ')}`);
  try {
    return { mechanism, username: decodeURIComponent(user), password: decodeURIComponent(password) };
  } catch (error) {
    throw new TypeError('has a user or password that is not percent-encoded', { cause: error });
  }
}
