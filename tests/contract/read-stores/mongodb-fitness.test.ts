import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  migrateMongo,
  openMongoReadStores,
  planMongoMigrations,
  type MongoReadStoresOptions,
} from '../../../src/infrastructure/read-stores/mongo.ts';
import { EngineUnfit } from '../../../src/ports/engine-probe.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { onEngine } from '../../support/engines.ts';
import { mongoPlace, type MongoTestPlace } from './mongodb-place.ts';
import { startMongoStandIn, type MongoStandIn } from './mongodb-stand-in.ts';
import { documentSamples } from './samples.ts';

const { definition } = documentSamples;
const PATIENCE_MS = 500;
/** Longer than the primary is away in a test beside this one. */
const PATIENT_MS = 10_000;

/** What `ping` says. An EngineUnfit stops a start, another StoreUnavailable is waited for. */
async function failureOf(options: MongoReadStoresOptions): Promise<Error> {
  const stores = openMongoReadStores({ patienceMs: PATIENCE_MS, ...options });
  try {
    const failure = await stores.ping().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof Error)) throw new Error('it was taken');
    await expect(stores.catalogue()).rejects.toThrow(StoreUnavailable);
    await expect(stores.create(definition, 1)).rejects.toThrow(StoreUnavailable);
    return failure;
  } finally {
    await stores.close();
  }
}

/** The message and those of all causes, with all that a log would show of them. */
function wholeOf(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error);
  return `${error.stack} ${JSON.stringify(error)} ${error.cause === undefined ? '' : wholeOf(error.cause)}`;
}

describe('a stand-in for a MongoDB', () => {
  let standIn: MongoStandIn | undefined;

  afterEach(() => standIn?.close());

  it.each(['', '?replicaSet=rs0', '?directConnection=true'])(
    'that runs without a replica set is refused, saying how to begin one (URL with "%s")',
    async (search) => {
      standIn = await startMongoStandIn({});
      const failure = await failureOf({ url: `mongodb://${standIn.address}/annals${search}` });
      expect(failure).toBeInstanceOf(EngineUnfit);
      expect(failure.message).toMatch(/^MongoDB must run as a replica set .*rs\.initiate\(\).* ANNALS_DOCUMENTS_URL$/);
    },
  );

  it('whose replica set was not begun is refused, saying how to begin it', async () => {
    standIn = await startMongoStandIn({ isWritablePrimary: false, secondary: false, isreplicaset: true });
    const failure = await failureOf({ url: `mongodb://${standIn.address}/annals?replicaSet=rs0` });
    expect(failure).toBeInstanceOf(EngineUnfit);
    expect(failure.message).toContain('rs.initiate()');
  });

  it('that has no primary at present is waited for', async () => {
    standIn = await startMongoStandIn({ isWritablePrimary: false, secondary: true, setName: 'rs0' });
    const failure = await failureOf({ url: `mongodb://${standIn.address}/annals?replicaSet=rs0` });
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(failure).not.toBeInstanceOf(EngineUnfit);
  });

  it('that is too old is refused, naming the version', async () => {
    standIn = await startMongoStandIn({ setName: 'rs0' }, '4.2.24');
    const failure = await failureOf({ url: `mongodb://${standIn.address}/annals?directConnection=true` });
    expect(failure).toBeInstanceOf(EngineUnfit);
    expect(failure.message).toContain('4.2.24');
  });
});

describe('a URL', () => {
  it.each([
    'localhost:27017',
    'http://annals:hunter2@localhost/annals',
    'mongodb://',
    'mongodb://annals:hunter2@',
    'mongodb://annals:hun@ter2@localhost/annals',
    'mongodb://annals:hunter2@localhost:notaport/annals',
    'mongodb://annals:hunter2%ZZ@localhost/annals',
    'mongodb://annals:hunter2@localhost/annals?compressors=hunter2',
    'mongodb://annals:hunter2@localhost/annals?nonsense=hunter2',
  ])('that is none (%s) is told without what is secret in it', async (url) => {
    const failure = await failureOf({ url });
    expect(failure).toBeInstanceOf(EngineUnfit);
    expect(wholeOf(failure)).not.toContain('ter2');
    await expect(planMongoMigrations({ url })).rejects.toThrow(failure.message);
  });

  it('of a place where nothing listens is waited for, and told without its password', async () => {
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const address = nobody.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    nobody.close();
    const failure = await failureOf({ url: `mongodb://annals:hunter2@127.0.0.1:${port}/annals?replicaSet=rs0` });
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(failure).not.toBeInstanceOf(EngineUnfit);
    expect(failure.message).toContain(`127.0.0.1:${port}`);
    expect(wholeOf(failure)).not.toContain('hunter2');
  });
});

onEngine('mongodb', (engine) => {
  let place: MongoTestPlace;

  beforeEach(() => {
    place = mongoPlace(engine);
  });
  afterEach(() => place.remove());

  function withUser(user: string, password: string): string {
    const url = new URL(place.url);
    url.username = user;
    url.password = password;
    url.searchParams.set('authSource', place.name);
    return url.href;
  }

  it('takes the right password, and refuses the wrong one without telling it', async () => {
    await place.within((db) => db.command({ createUser: 'annals', pwd: 'hunter2', roles: ['readWrite'] }));
    try {
      expect(await place.open({ url: withUser('annals', 'hunter2') }).ping()).toMatchObject({ engine: 'MongoDB' });
      const failure = await failureOf({ url: withUser('annals', 'hunter3'), patienceMs: PATIENT_MS });
      expect(failure).toBeInstanceOf(EngineUnfit);
      expect(failure.message).toContain('user or password are wrong');
      expect(wholeOf(failure)).not.toContain('hunter3');
    } finally {
      await place.within((db) => db.command({ dropUser: 'annals' }));
    }
  });

  it('refuses another name of the replica set, telling the right one', async () => {
    const url = new URL(place.url);
    url.searchParams.set('replicaSet', 'another');
    const failure = await failureOf({ url: url.href });
    expect(failure).toBeInstanceOf(EngineUnfit);
    expect(failure.message).toMatch(/not another: say \?replicaSet=\w+ in ANNALS_DOCUMENTS_URL$/);
  });

  it('tells what it is', async () => {
    const { engine: name, version, latencyMs } = await place.open().ping();
    expect(name).toBe('MongoDB');
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(latencyMs).toBeGreaterThan(0);
  });

  const collections = () =>
    place.within(async (db) => (await db.listCollections().toArray()).map(({ name }) => name).sort());

  describe('migrations', () => {
    it('are planned without changing anything, run once, and are no more then', async () => {
      const planned = await planMongoMigrations(place);
      expect(planned).toEqual(['0001_catalogue', '0002_versions', '0003_dead_letters']);
      expect(await collections()).toEqual([]);
      expect(await migrateMongo(place)).toEqual(planned);
      expect(await collections()).toContain('read_versions');
      expect(await planMongoMigrations(place)).toEqual([]);
      expect(await migrateMongo(place)).toEqual([]);
    });

    it('are run by one of many who begin at once', async () => {
      const done = await Promise.all(Array.from({ length: 4 }, () => migrateMongo(place)));
      expect(done.flat().sort()).toEqual(['0001_catalogue', '0002_versions', '0003_dead_letters']);
    });

    it('go on where a process was killed, when its lock has run out', async () => {
      await place.within(async (db) => {
        await db.createCollection('read_catalogue');
        const until = new Date(Date.now() + 500);
        await db.collection<{ _id: string }>('read_migrations').insertOne({ _id: 'lock', ...{ until } });
      });
      expect(await migrateMongo(place)).toHaveLength(3);
    });

    it('are apart for each prefix', async () => {
      await migrateMongo(place);
      expect(await planMongoMigrations({ ...place, prefix: 'other-' })).toHaveLength(3);
    });

    it('are refused by a program that does not know all of them, and nothing is changed', async () => {
      await migrateMongo(place);
      await place.within((db) => db.collection<{ _id: string }>('read_migrations').insertOne({ _id: '9999_tomorrow' }));
      const before = await collections();
      await expect(migrateMongo(place)).rejects.toThrow('9999_tomorrow');
      await expect(planMongoMigrations(place)).rejects.toThrow('newer than this program');
      const failure = await failureOf({ url: place.url, patienceMs: PATIENT_MS });
      expect(failure).toBeInstanceOf(EngineUnfit);
      expect(failure.message).toContain('9999_tomorrow');
      expect(await collections()).toEqual(before);
    });

    it('are asked for where they are not run by themselves', async () => {
      const failure = await failureOf({ url: place.url, migrations: 'refuse', patienceMs: PATIENT_MS });
      expect(failure.message).toContain('0001_catalogue');
      expect(await collections()).toEqual([]);
      await migrateMongo(place);
      expect(await place.open({ migrations: 'refuse' }).catalogue()).toEqual(new Map());
    });
  });
});
