import { join } from 'node:path';

/** Where the embedded engines keep things in the data directory. */
export function pathsIn(dataDir: string) {
  return {
    events: join(dataDir, 'events.sqlite'),
    /** Says, once it is there, that all of the embedded log has been copied to an event store. */
    moved: join(dataDir, 'events.moved.json'),
    /** The keys of people, outside the log so that they can be forgotten. */
    people: join(dataDir, 'people.sqlite'),
    blobs: join(dataDir, 'blobs'),
    readModels: join(dataDir, 'read'),
    /** The homes of the programs of MCP servers. */
    servers: join(dataDir, 'servers'),
    /** The packages that they run, as they were pinned. */
    packages: join(dataDir, 'packages'),
    /** What was sealed of the log, and the key that signs it. */
    sealed: join(dataDir, 'audit.sqlite'),
    auditKey: join(dataDir, 'audit-key.pem'),
    /** What was sealed of the log that was here before it was copied to an event store. */
    sealedBefore: join(dataDir, 'audit.moved.sqlite'),
  };
}
