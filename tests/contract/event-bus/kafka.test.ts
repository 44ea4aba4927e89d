import { openKafkaBus, startRelay } from '../../../src/infrastructure/event-bus/kafka.ts';
import { logger, newInstallation } from '../../relay/support/installation.ts';
import { onEngine } from '../../support/engines.ts';
import { decode } from '../event-store/suite.ts';
import { eventBusContract } from './suite.ts';

onEngine('kafka', (brokers) => {
  eventBusContract('Kafka', async () => {
    const installation = await newInstallation(brokers);
    const { store, prefix, kafka, topics, log } = installation;
    const relay = await startRelay({ kafka, prefix, topics, log, logger });
    installation.onDispose(() => relay.close());
    const bus = openKafkaBus({ kafka, prefix, store, decode, logger });
    installation.onDispose(() => bus.close());
    return { bus, store, dispose: () => installation.dispose() };
  });
});
