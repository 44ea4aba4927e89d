import kafkajs from 'kafkajs';
import type { Kafka, LogEntry } from 'kafkajs';
import type { Logger } from '../../../ports/logger.ts';
import type { KafkaAccess } from './access.ts';

/** A dead broker is noticed within these times; whoever uses the client tries again by itself. */
const CONNECT_MS = 3_000;
const REQUEST_MS = 10_000;

/** Enough for a fresh broker, which answers the first look-ups of a coordinator with "not yet". */
const RETRIES = 5;

/** A client of Kafka. It connects when it is used. */
export function createKafkaClient(access: KafkaAccess, logger: Logger, retries = RETRIES): Kafka {
  const { brokers, clientId, ssl, sasl, socketFactory } = access;
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries },
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => (entry) => write(logger, entry),
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    ...(socketFactory === undefined ? {} : { socketFactory }),
  });
}

/** The client calls an error what its own retries are for; those that matter reach the callers, who say so. */
function write(logger: Logger, { namespace, label, log }: LogEntry): void {
  const { message, timestamp: _now, logger: _name, ...fields } = log;
  logger.debug({ ...fields, part: namespace, clientLevel: label }, `kafka client: ${message}`);
}
