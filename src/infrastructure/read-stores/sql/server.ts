import { EngineUnfit } from '../../../ports/engine-probe.ts';
import type { SqlSession } from './pool.ts';

/** What differs from server to server. */
export interface Server {
  readonly engine: 'MySQL' | 'MariaDB';
  readonly version: string;
  /**
   * A collation of utf8mb4 that compares texts by their bytes, trailing spaces included. Undefined where there is none
   * (MySQL before 8.0.17): columns of bytes serve there, which compare in the same way.
   */
  readonly collation: string | undefined;
  /** The longest statement that it takes, in bytes. */
  readonly maxPacket: number;
}

/** The oldest that have what is used here: transactional metadata, window-free standard SQL, large index keys. */
const OLDEST = { MySQL: [8, 0], MariaDB: [10, 5] } as const;

const QUESTION = `SELECT VERSION() AS version, @@max_allowed_packet AS packet,
  (SELECT MAX(collation_name) FROM information_schema.collations
    WHERE collation_name IN ('utf8mb4_0900_bin', 'utf8mb4_nopad_bin')) AS collation`;

/** Asks a server what it is. @throws SqlFailure; EngineUnfit it is too old */
export async function askServer(session: SqlSession): Promise<Server> {
  const { rows } = await session.run(QUESTION);
  const [row] = rows;
  const { engine, version } = productOf(String(row?.['version']));
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST[engine];
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    const oldest = OLDEST[engine].join('.');
    throw new EngineUnfit(`the database is ${engine} ${version}; read models need ${engine} ${oldest} or newer`);
  }
  const collation = row?.['collation'];
  return {
    engine,
    version,
    collation: typeof collation === 'string' ? collation : undefined,
    maxPacket: Number(row?.['packet']),
  };
}

/** Reads what `VERSION()` says: "8.0.36", "10.11.6-MariaDB-0+deb12u1". */
export function productOf(told: string): Pick<Server, 'engine' | 'version'> {
  const version = /\d+\.\d+\.\d+/.exec(told)?.[0] ?? told;
  return { engine: /mariadb/i.test(told) ? 'MariaDB' : 'MySQL', version };
}
