import { createMemoryCoordination } from '../../../src/infrastructure/coordination/memory.ts';
import { logLines } from '../../support/log-lines.ts';
import { coordinationContract } from './suite.ts';

coordinationContract('memory', () => {
  const logger = logLines();
  const alone = createMemoryCoordination({ logger, cacheSize: 90_000 });
  return Promise.resolve({ first: alone, second: alone, logger, dispose: () => alone.close() });
});
