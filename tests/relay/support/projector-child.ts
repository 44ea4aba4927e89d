import { createKafkaProjectorGroup } from '../../../src/infrastructure/event-bus/kafka.ts';
import { quiet } from './logger.ts';

const [prefix = '', broker = '', ...models] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
const group = createKafkaProjectorGroup({
  kafka: { brokers: [broker], clientId: 'annals-test' },
  prefix,
  models,
  logger: quiet,
  sessionMs: 1_000,
});
group.onChange(() => process.send?.([...group.owned()]));
