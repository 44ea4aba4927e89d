import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { lotsOf, type RawStore } from './raw-store.ts';

/** MySQL or MariaDB by its own client: multi-row INSERT. */
export async function rawSql(url: string, prefix: string): Promise<RawStore> {
  const db = await createConnection({ uri: url, supportBigNumbers: true, bigNumberStrings: true });

  async function tables(): Promise<readonly string[]> {
    const sql = 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()';
    const [rows] = await db.query<RowDataPacket[]>(sql);
    return rows.map(({ name }) => String(name)).filter((name) => name.startsWith(prefix));
  }

  return {
    async bulk(source) {
      const copy = `${prefix}bulk`;
      await db.query('CREATE TABLE ?? LIKE ??', [copy, source]);
      // Rows arrive as lists, which is what a multi-row INSERT takes.
      const [rows] = await db.query<RowDataPacket[][]>({
        sql: 'SELECT * FROM ??',
        values: [source],
        rowsAsArray: true,
      });
      const began = performance.now();
      for (const lot of lotsOf(rows)) await db.query('INSERT INTO ?? VALUES ?', [copy, lot]);
      const ms = performance.now() - began;
      await db.query('DROP TABLE ??', [copy]);
      return { rows: rows.length, ms };
    },
    async remove() {
      for (const table of await tables()) await db.query('DROP TABLE ??', [table]);
    },
    close: () => db.end(),
  };
}
