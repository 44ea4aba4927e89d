import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestContext } from 'vitest';
import { NO_STREAM } from '../../src/ports/event-store.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { openFileBlobStore } from '../../src/infrastructure/blob-store/file.ts';
import { lockDataDir } from '../../src/infrastructure/data-dir/lock.ts';
import { openSqliteEventStore } from '../../src/infrastructure/event-store/sqlite.ts';
import { createSqliteEventStore } from '../../src/infrastructure/event-store/sqlite/store.ts';
import { durableTransactions } from '../../src/infrastructure/event-store/sqlite/transactions.ts';
import { eventToAppend, eventsToAppend, followUntil, newStream } from '../contract/event-store/helpers.ts';
import { checkRecord } from './check-record.ts';
import type { Acknowledged } from './check-record.ts';

const decode = (_type: string, _version: number, data: unknown): unknown => data;

/** What the file system that a directory is on has in use. */
function usedBytes(dir: string): number {
  const { blocks, bfree, bsize } = statfsSync(dir);
  return (blocks - bfree) * bsize;
}

describe('the event store on a disk that fails', () => {
  let dir: string;
  let mounted = false;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'annals-disk-'));
  });
  afterEach(() => {
    // Lazily: a test that failed has left its store open, and must not leave its file system behind as well.
    if (mounted) execFileSync('umount', ['--lazy', dir]);
    mounted = false;
    rmSync(dir, { recursive: true });
  });

  /** Puts a real file system of its own under `dir`. */
  function mountOrSkip(context: TestContext, options: string): void {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir], { stdio: 'pipe' });
      mounted = true;
    } catch (error) {
      context.skip(`mounting a file system is not permitted here: ${String(error)}`);
    }
  }

  /** Appends until an append fails; answers what was acknowledged before. */
  async function fill(store: EventStore): Promise<{ acknowledged: Acknowledged[]; failure: unknown }> {
    const acknowledged: Acknowledged[] = [];
    for (;;) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, () =>
          store.append(newStream('a'), NO_STREAM, [eventToAppend('A', { text: 'x'.repeat(2_000) }), eventToAppend()]),
        ),
      );
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') return { acknowledged, failure: outcome.reason };
        for (const { position, metadata } of outcome.value.events) {
          acknowledged.push({ eventId: metadata.eventId, position });
        }
      }
    }
  }

  async function expectRecoveryAfter(store: EventStore, makeRoom: () => void): Promise<void> {
    const { acknowledged, failure } = await fill(store);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(failure).toMatchObject({ message: 'the event store cannot write: the disk is full' });
    expect(acknowledged.length).toBeGreaterThan(0);

    await expect(store.append(newStream(), NO_STREAM, eventsToAppend(2_000))).rejects.toThrow(StoreUnavailable);
    expect(await store.head()).toBe(acknowledged.at(-1)?.position);
    expect(await checkRecord(store, acknowledged)).toEqual([]);
    const after = await store.head();
    const following = followUntil(store, { after }, (events) => events.length === 1);

    makeRoom();
    const { position, events } = await store.append(newStream(), NO_STREAM, eventsToAppend(1));
    expect(position).toBe(after + 1);
    expect((await following).events).toEqual(events);
    expect(await checkRecord(store, acknowledged)).toEqual([]);
  }

  it('a full disk: appends fail and say why, reads go on, nothing is half recorded, and it heals', async (context) => {
    mountOrSkip(context, 'size=4m');
    const ballast = join(dir, 'ballast');
    writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024));
    const path = join(dir, 'events.sqlite');
    const store = openSqliteEventStore({ path, decode });
    await expectRecoveryAfter(store, () => rmSync(ballast));
    await store.close();

    const reopened = openSqliteEventStore({ path, decode });
    expect(await checkRecord(reopened, [])).toEqual([]);
    await reopened.close();
  });

  it('a file that may not grow: the same, where no file system can be mounted', async () => {
    let limit = 100;
    const store = createSqliteEventStore(
      { path: join(dir, 'events.sqlite'), decode },
      {
        ...durableTransactions,
        begin: (db) => {
          db.exec(`PRAGMA max_page_count = ${limit}`);
          durableTransactions.begin(db);
        },
      },
    );
    await expectRecoveryAfter(store, () => (limit = 1_000_000));
    await store.close();
  });

  it('a read-only file system: opening fails, says why, and works once it can be written', async (context) => {
    mountOrSkip(context, 'size=4m');
    const path = join(dir, 'events.sqlite');
    const remount = (mode: 'ro' | 'rw') => execFileSync('mount', ['-o', `remount,${mode}`, dir]);
    await openSqliteEventStore({ path, decode }).close();

    remount('ro');
    expect(() => openSqliteEventStore({ path, decode })).toThrow(StoreUnavailable);
    expect(() => openSqliteEventStore({ path, decode })).toThrow(/read-only/);
    expect(() => lockDataDir(dir)).toThrow(StoreUnavailable);
    expect(() => lockDataDir(join(dir, 'new'))).toThrow('the file system is read-only');
    expect(() => openFileBlobStore(join(dir, 'blobs'))).toThrow('the file system is read-only');

    remount('rw');
    const store = openSqliteEventStore({ path, decode });
    await expect(store.append(newStream(), NO_STREAM, eventsToAppend(1))).resolves.toMatchObject({ position: 1 });
    await store.close();
  });

  it('a full disk: a blob is refused, leaves nothing behind, and is stored once there is room', async (context) => {
    mountOrSkip(context, 'size=2m');
    const blobs = openFileBlobStore(join(dir, 'blobs'));
    const bytes = new Uint8Array(3 * 1024 * 1024).fill(7);

    await expect(blobs.put(bytes, 'application/octet-stream')).rejects.toThrow(StoreUnavailable);
    execFileSync('mount', ['-o', 'remount,size=4m', dir]);
    const { sha256 } = await blobs.put(bytes, 'application/octet-stream');
    expect(await blobs.get(sha256)).toHaveLength(bytes.length);
  });

  describe('an I/O error that leaves open what became of the commit', () => {
    /** As SQLite reports a failed sync of the write-ahead log (SQLITE_IOERR_FSYNC). */
    const failedSync = (): Error =>
      Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 1034 });

    it('answers what was recorded all the same', async () => {
      let fails = false;
      const store = createSqliteEventStore(
        { path: join(dir, 'events.sqlite'), decode },
        {
          ...durableTransactions,
          commit: (db) => {
            durableTransactions.commit(db);
            if (fails) throw failedSync();
          },
        },
      );
      await store.append('a-1', NO_STREAM, eventsToAppend(1));
      const following = followUntil(store, { after: 1 }, (events) => events.length === 3);
      fails = true;
      const events = eventsToAppend(2);
      const appended = await store.append('a-1', 0, events);
      fails = false;
      const next = await store.append('a-1', 2, eventsToAppend(1));

      expect([appended.position, next.position]).toEqual([3, 4]);
      expect(await store.append('a-1', 0, events)).toEqual({ ...appended, repeated: true });
      expect((await following).events.map(({ position }) => position)).toEqual([2, 3, 4]);
      expect(await checkRecord(store, [])).toEqual([]);
      await store.close();
    });

    it('refuses what was not recorded, and goes on', async () => {
      let fails = false;
      const store = createSqliteEventStore(
        { path: join(dir, 'events.sqlite'), decode },
        {
          ...durableTransactions,
          commit: (db) => {
            if (fails) throw failedSync();
            durableTransactions.commit(db);
          },
        },
      );
      await store.append('a-1', NO_STREAM, eventsToAppend(1));
      fails = true;
      const events = eventsToAppend(2);
      const refused = store.append('a-1', 0, events);
      await expect(refused).rejects.toThrow(StoreUnavailable);
      await expect(refused).rejects.toThrow('the disk reports an I/O error');
      expect(await store.head()).toBe(1);
      fails = false;

      expect((await store.append('a-1', 0, events)).position).toBe(3);
      expect(await checkRecord(store, [])).toEqual([]);
      await store.close();
    });

    it('does not answer what was recorded until that is sure to last', async (context) => {
      mountOrSkip(context, 'size=8m');
      const ballast = join(dir, 'ballast');
      let fails = false;
      const store = createSqliteEventStore(
        { path: join(dir, 'events.sqlite'), decode },
        {
          ...durableTransactions,
          commit: (db) => {
            durableTransactions.commit(db);
            if (!fails) return;
            // Room for the files that an opening needs, but not for the events in the database itself.
            writeFileSync(ballast, Buffer.alloc(8 * 1024 * 1024 - usedBytes(dir) - 256 * 1024));
            throw failedSync();
          },
        },
      );
      await store.append('a-1', NO_STREAM, eventsToAppend(1));
      fails = true;
      const events = [eventToAppend('Large', { text: 'x'.repeat(1_000_000) })];
      await expect(store.append('a-1', 0, events)).rejects.toThrow(StoreUnavailable);
      fails = false;
      await expect(store.append('a-1', 0, events)).rejects.toThrow('the disk is full');
      expect(await store.head()).toBe(1);

      rmSync(ballast);
      expect(await store.append('a-1', 0, events)).toMatchObject({ position: 2, repeated: true });
      expect(await checkRecord(store, [])).toEqual([]);
      await store.close();
    });

    it('refuses appends while the file is out of reach, and heals when it is back', async () => {
      const there = join(dir, 'there');
      const away = join(dir, 'away');
      execFileSync('mkdir', [there]);
      let fails = false;
      const store = createSqliteEventStore(
        { path: join(there, 'events.sqlite'), decode },
        {
          ...durableTransactions,
          commit: (db) => {
            durableTransactions.commit(db);
            if (fails) renameSync(there, away);
            if (fails) throw failedSync();
          },
        },
      );
      await store.append('a-1', NO_STREAM, eventsToAppend(1));
      fails = true;
      const events = eventsToAppend(1);
      await expect(store.append('a-1', 0, events)).rejects.toThrow(StoreUnavailable);
      fails = false;
      await expect(store.append('a-1', 0, events)).rejects.toThrow('cannot be opened: the directory is not there');
      expect(await store.readStream('a-1')).toHaveLength(1);
      await expect(store.readStream('b-1')).rejects.toThrow(StoreUnavailable);

      renameSync(away, there);
      // The commit had reached the disk: the same append tried again is answered with what stands.
      expect((await store.append('a-1', 0, events)).position).toBe(2);
      expect(await store.readStream('a-1')).toHaveLength(2);
      expect(await checkRecord(store, [])).toEqual([]);
      await store.close();
    });
  });

  it('a lock held by somebody else: the append is refused and undone, and the next one works', async () => {
    let busy = false;
    const store = createSqliteEventStore(
      { path: join(dir, 'events.sqlite'), decode },
      {
        ...durableTransactions,
        commit: (db) => {
          if (busy) throw Object.assign(new Error('database is locked'), { code: 'ERR_SQLITE_ERROR', errcode: 5 });
          durableTransactions.commit(db);
        },
      },
    );
    await store.append('a-1', NO_STREAM, eventsToAppend(1));
    busy = true;
    await expect(store.append('a-1', 0, eventsToAppend(1))).rejects.toThrow('another process holds its lock');
    expect(await store.readStream('a-1')).toHaveLength(1);
    busy = false;

    expect((await store.append('a-1', 0, eventsToAppend(1))).position).toBe(2);
    expect(await checkRecord(store, [])).toEqual([]);
    await store.close();
  });

  it('another process that wrote to the file: the append is refused, and the next one sees what it wrote', async () => {
    const path = join(dir, 'events.sqlite');
    const store = openSqliteEventStore({ path, decode });
    await store.append('a-1', NO_STREAM, eventsToAppend(1));
    const intruder = openSqliteEventStore({ path, decode });
    await intruder.append('a-1', 0, eventsToAppend(1));

    await expect(store.append('a-1', 0, eventsToAppend(1))).rejects.toThrow('another process has written to the file');
    await expect(store.append('a-1', 0, eventsToAppend(1))).rejects.toMatchObject({ actual: 1 });
    expect((await store.append('a-1', 1, eventsToAppend(1))).position).toBe(3);
    await intruder.close();
    await store.close();
  });
});
