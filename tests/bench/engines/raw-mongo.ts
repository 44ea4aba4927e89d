import { MongoClient } from 'mongodb';
import { lotsOf, type RawStore } from './raw-store.ts';

/** MongoDB by its own client: insertMany, acknowledged by the disks of a majority. */
export async function rawMongo(url: string, prefix: string): Promise<RawStore> {
  const client = await MongoClient.connect(url);
  // Without one in its URL, that is where the product's collections are.
  const db = new URL(url).pathname.length > 1 ? client.db() : client.db('annals');

  async function collections(): Promise<readonly string[]> {
    const all = await db.listCollections({}, { nameOnly: true }).toArray();
    return all.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  }

  return {
    async bulk(source) {
      const rows = await db.collection(source).find().toArray();
      const copy = db.collection(`${prefix}bulk`);
      for (const { key } of await db.collection(source).indexes()) await copy.createIndex(key);
      const began = performance.now();
      for (const lot of lotsOf(rows)) await copy.insertMany(lot, { writeConcern: { w: 'majority', journal: true } });
      const ms = performance.now() - began;
      await copy.drop();
      return { rows: rows.length, ms };
    },
    async remove() {
      for (const name of await collections()) await db.collection(name).drop();
    },
    close: () => client.close(),
  };
}
