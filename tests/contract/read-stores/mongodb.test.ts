import { onEngine } from '../../support/engines.ts';
import { mongoPlace } from './mongodb-place.ts';
import { readStoresContract } from './suite.ts';

onEngine('mongodb', (url) => {
  readStoresContract('MongoDB', async () => mongoPlace(url), ['documents']);
});
