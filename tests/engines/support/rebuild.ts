import { expect } from 'vitest';
import { until } from '../../http/support/until.ts';
import { ask, type Api } from '../../integration/support/api.ts';

/** Has a read model rebuilt from the log, and waits until it is. @returns its id */
export async function rebuild(app: Api, name: string): Promise<string> {
  const { id } = await ask<{ id: string }>(app, 202, 'POST', `/api/v1/projections/${name}/rebuild`, { body: {} });
  let status = 'running';
  await until(
    async () => {
      const path = `/api/v1/projections/${name}/rebuilds/${id}`;
      ({ status } = await ask<{ status: string }>(app, 200, 'GET', path));
      return status !== 'running';
    },
    `${name} is rebuilt`,
    60_000,
  );
  expect(status).toBe('succeeded');
  return id;
}
