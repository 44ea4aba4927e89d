import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';

let app: TestApp;
let guide: string;

beforeAll(async () => {
  app = await startTestApp();
  guide = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
});

afterAll(() => app.close());

test('the guide has a row for each route, with what it needs, and none for others', () => {
  const rows = [...guide.matchAll(/^\| `(GET|POST|PUT|PATCH|DELETE) (\/[^`]*)` \| (?:`([^`]+)`|(public)) \|/gm)];
  const inGuide = rows.map(([, method, path, permission, isPublic]) => `${method} ${path} ${permission ?? isPublic}`);
  const inTable = app.routes
    .filter(({ undocumented }) => !undocumented)
    .map(
      ({ method, path, access }) =>
        `${method.toUpperCase()} ${path} ${'permission' in access ? access.permission : 'public'}`,
    );
  expect(inGuide.sort()).toEqual(inTable.sort());
});
