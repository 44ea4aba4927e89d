import { EngineUnfit } from '../../../ports/engine-probe.ts';
import { StoreUnavailable } from '../../../ports/unavailable.ts';

const REFUSALS = new Set(['KafkaJSSASLAuthenticationError', 'KafkaJSServerDoesNotSupportApiKey']);
const REFUSING_TYPES = new Set([
  'ILLEGAL_SASL_STATE',
  'UNSUPPORTED_SASL_MECHANISM',
  'SASL_AUTHENTICATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
]);

/** What a failure of the client means to whoever asked: Kafka is away, or it is there and refuses. */
export function explainKafkaFailure(error: unknown): StoreUnavailable {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const type = 'type' in cause && typeof cause.type === 'string' ? cause.type : '';
    if (REFUSALS.has(cause.name) || REFUSING_TYPES.has(type)) {
      return new EngineUnfit(`Kafka refuses: ${cause.message}`, { cause: error });
    }
  }
  return new StoreUnavailable('Kafka does not answer', { cause: error });
}
