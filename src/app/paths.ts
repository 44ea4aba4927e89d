import { join } from 'node:path';

/** Where the embedded engines keep things in the data directory. */
export function pathsIn(dataDir: string) {
  return { events: join(dataDir, 'events.sqlite'), blobs: join(dataDir, 'blobs'), readModels: join(dataDir, 'read') };
}
