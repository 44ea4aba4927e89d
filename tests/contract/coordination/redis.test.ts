import { onEngine } from '../../support/engines.ts';
import { temporaryRedis } from './temporary-redis.ts';
import { coordinationContract } from './suite.ts';

onEngine('redis', (url) => {
  coordinationContract('Redis', () => {
    const place = temporaryRedis(url);
    const cache = { maxValues: 90, maxValueLength: 10_000 };
    const { coordination: first, logger } = place.open({ cache });
    const { coordination: second } = place.open({ cache, logger });
    return Promise.resolve({ first, second, logger, dispose: () => place.dispose() });
  });
});
