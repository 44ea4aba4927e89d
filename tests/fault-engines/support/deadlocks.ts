import mysql from 'mysql2/promise';
import { until } from '../../http/support/until.ts';

/** https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html#error_er_lock_deadlock */
const DEADLOCK = 1213;

/** Rows that the competitor has changed: InnoDB ends the transaction that has changed fewer. */
const WEIGHT = 500;

/**
 * Takes locks that a projector takes too, in the other order, until the server has ended so many of the projector's
 * transactions for it. Changes nothing that stays.
 * @param prefix of the installation's tables
 * @param table of a model that is written all the time
 */
export async function provokeDeadlocks(url: string, prefix: string, table: string, times: number): Promise<void> {
  const rival = await mysql.createConnection(url);
  const observer = await mysql.createConnection(url);
  const own = `\`${prefix}rival\``;
  const locked = `\`${prefix}${table}\``;
  try {
    await rival.query(`create table ${own} (id int primary key)`);
    const before = await deadlocks(observer);
    const rows = Array.from({ length: WEIGHT }, (_, id) => `(${id})`).join(', ');
    for (let won = 0; won < times || (await deadlocks(observer)) < before + times;) {
      await rival.query('start transaction');
      await rival.query(`insert into ${own} values ${rows}`);
      await rival.query(`select * from ${locked} for update`);
      await until(() => someoneWaits(observer, locked), 'the projector waits for a row', 30_000);
      won += (await wins(rival, `select * from \`${prefix}read_versions\` for update`)) ? 1 : 0;
      await rival.query('rollback');
    }
  } finally {
    await rival.query(`drop table if exists ${own}`);
    await Promise.all([rival.end(), observer.end()]);
  }
}

/** Whether somebody adds rows to the table: with all of it locked, he waits, and holds what he took before. */
async function someoneWaits(observer: mysql.Connection, table: string): Promise<boolean> {
  const [sessions] = await observer.query('show full processlist');
  return (sessions as { Info: string | null }[]).some(({ Info }) => Info?.startsWith(`INSERT INTO ${table}`));
}

/** Completes the circle. The server ends one of the two: whether it was the other one. */
async function wins(rival: mysql.Connection, statement: string): Promise<boolean> {
  try {
    await rival.query(statement);
    return true;
  } catch (error) {
    if (error instanceof Error && 'errno' in error && error.errno === DEADLOCK) return false;
    throw error;
  }
}

/** How many the server has ended since it started. */
async function deadlocks(observer: mysql.Connection): Promise<number> {
  const [rows] = await observer.query(
    "select count as ended from information_schema.innodb_metrics where name = 'lock_deadlocks'",
  );
  const [row] = rows as { ended: number }[];
  if (row === undefined) throw new Error('the server does not count deadlocks');
  return row.ended;
}
