import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startTestApp } from '../http/support/app.ts';
import { jsonOf } from '../cli/support/json.ts';
import { newPlace, type Place } from './support/tampered-log.ts';

interface Outcome {
  readonly ok: boolean;
  readonly firstBad: { readonly position: number; readonly through?: number; readonly fault: string } | null;
}

let honest: Place;
/** Position of the last event. */
let last: number;

beforeAll(async () => {
  honest = newPlace();
  for (let user = 1; user <= 8; user++) {
    const username = `user${user}`;
    // Each start and stop seals what came.
    const app = await startTestApp({ env: { ANNALS_DATA_DIR: honest.dataDir } });
    await app.request('POST', '/api/v1/auth/register', {
      token: null,
      body: { username, email: `${username}@example.org`, password: `password of ${username}` },
    });
    last = await app.head();
    await app.close();
  }
}, 120_000);
afterAll(() => honest.remove());

const positions = 'UPDATE events SET position = -position WHERE position';

/** What is done to the log; the fault, and the first bad position. */
const attacks: readonly [string, () => readonly string[], string, () => number][] = [
  [
    'changed data',
    () => [`UPDATE events SET data = json_set(data, '$.forged', 1) WHERE position = 8`],
    'changed',
    () => 8,
  ],
  ['a changed time', () => ['UPDATE events SET recorded_at = recorded_at - 1 WHERE position = 7'], 'changed', () => 7],
  [
    'a changed actor',
    () => [`UPDATE events SET metadata = json_set(metadata, '$.actor', 'user:x') WHERE position = 5`],
    'changed',
    () => 5,
  ],
  ['another spelling', () => [`UPDATE events SET data = data || ' ' WHERE position = 9`], 'changed', () => 9],
  ['a deleted event', () => ['DELETE FROM events WHERE position = 6'], 'deleted', () => 6],
  [
    'a deleted event whose gap was closed',
    () => [
      'DELETE FROM events WHERE position = 6',
      `${positions} > 6`,
      'UPDATE events SET position = -position - 1 WHERE position < 0',
    ],
    'deleted',
    () => 6,
  ],
  [
    'an event inserted before the last of what was sealed together',
    () => [
      `${positions} >= 10`,
      'UPDATE events SET position = -position + 1 WHERE position < 0',
      `INSERT INTO events SELECT 10, 'mcp-forged', 0, type, recorded_at, metadata, data FROM events WHERE position = 9`,
    ],
    'inserted',
    () => 10,
  ],
  [
    'an event inserted in the middle of what was sealed together',
    () => [
      `${positions} >= 8`,
      'UPDATE events SET position = -position + 1 WHERE position < 0',
      `INSERT INTO events SELECT 8, 'mcp-forged', 0, type, recorded_at, metadata, data FROM events WHERE position = 7`,
    ],
    'inserted',
    () => 8,
  ],
  [
    'an event before the first',
    () => [
      `INSERT INTO events SELECT -5, 'mcp-forged', 0, type, recorded_at, metadata, data FROM events WHERE position = 9`,
    ],
    'inserted',
    () => -5,
  ],
  [
    'two events in each other’s place',
    () => [
      'UPDATE events SET position = -1 WHERE position = 11',
      'UPDATE events SET position = 11 WHERE position = 12',
      'UPDATE events SET position = 12 WHERE position = -1',
    ],
    'reordered',
    () => 11,
  ],
  ['a log cut off', () => [`DELETE FROM events WHERE position > ${last - 3}`], 'truncated', () => last - 2],
  ['a log cut off long ago', () => ['DELETE FROM events WHERE position > 20'], 'truncated', () => 21],
];

describe('history tampered with by raw SQL', () => {
  test('is found by nobody where nothing was done', async () => {
    const place = honest.copy();
    onTestFinished(() => place.remove());
    const file = join(place.dir, 'record');
    expect(await place.run('audit', 'export', file)).toMatchObject({ code: 0 });
    const { code, out } = await place.run('audit', 'verify', file, '--json');
    expect([code, jsonOf<Outcome>(out)]).toMatchObject([0, { ok: true, firstBad: null }]);
  });

  test.each(attacks)('%s', async (_what, statements, fault, position) => {
    const place = honest.copy();
    onTestFinished(() => place.remove());
    place.edit(...statements());

    const file = join(place.dir, 'record');
    expect(await place.run('audit', 'export', file)).toMatchObject({ code: 0 });
    const { code, out } = await place.run('audit', 'verify', file, '--json');
    expect(code).toBe(1);
    expect(jsonOf<Outcome>(out).firstBad).toMatchObject({ position: position(), fault });
    expect(jsonOf<Outcome>(out).firstBad).not.toHaveProperty('through');

    const app = await startTestApp({ env: { ANNALS_DATA_DIR: place.dataDir } });
    const reply = await app.request('POST', '/api/v1/audit/verify');
    expect(reply.body).toMatchObject({ ok: false, firstBad: { position: position(), fault } });
    await app.close();
  });
});

test('what was sealed is kept apart from the log', () => {
  const db = new DatabaseSync(join(honest.dataDir, 'audit.sqlite'), { readOnly: true });
  const sealed = db.prepare('SELECT max(position) AS position, count(*) AS checkpoints FROM segments').get();
  db.close();
  expect(sealed).toMatchObject({ position: expect.any(Number) as number });
  expect(Number(sealed?.['checkpoints'])).toBeGreaterThan(4);
});
