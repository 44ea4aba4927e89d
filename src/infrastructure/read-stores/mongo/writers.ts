import type { Binary, ClientSession, Collection, Db } from 'mongodb';
import type { CollectionNames } from './names.ts';

/** Sessions that may have a transaction open on a version. */
interface Writers {
  readonly _id: string;
  readonly sessions: Binary[];
}

/**
 * Makes a session the one that writes a version, and ends those of earlier writers. A transaction of a process that was
 * killed would otherwise stay open for a minute, and stand in the way of whoever takes the model over.
 */
export async function takeOver(db: Db, names: CollectionNames, versionId: string, session: ClientSession) {
  const ours = session.id?.id;
  if (ours === undefined) throw new TypeError('the session has ended');
  const before = await writersIn(db, names).findOneAndUpdate(
    { _id: versionId },
    { $addToSet: { sessions: ours } },
    { upsert: true, returnDocument: 'before' },
  );
  const others = before?.sessions.filter((other) => other.toString('hex') !== ours.toString('hex')) ?? [];
  if (others.length === 0) return;
  await kill(db, others);
  await writersIn(db, names).updateOne({ _id: versionId }, { $pullAll: { sessions: others } });
}

/** Ends all sessions that may have a transaction open on a version which is to be removed. */
export async function endWriters(db: Db, names: CollectionNames, versionId: string): Promise<void> {
  const found = await writersIn(db, names).findOne({ _id: versionId });
  if (found === null) return;
  await kill(db, found.sessions);
  await writersIn(db, names).deleteOne({ _id: versionId });
}

/** Anybody may end sessions of the same user. https://www.mongodb.com/docs/manual/reference/command/killSessions/ */
async function kill(db: Db, sessions: readonly Binary[]): Promise<void> {
  if (sessions.length > 0) await db.command({ killSessions: sessions.map((id) => ({ id })) });
}

function writersIn(db: Db, names: CollectionNames): Collection<Writers> {
  return db.collection<Writers>(names.writers);
}
