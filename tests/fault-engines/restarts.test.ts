import { test } from 'vitest';
import { projectionsOf } from '../integration/support/read-models.ts';
import { until } from '../http/support/until.ts';
import { onEveryEngine, parts } from './support/every-engine.ts';
import { expectWhole } from './support/whole.ts';

onEveryEngine('mariadb', ({ platform, server }) => {
  test('outlives a restart of each engine, one after the other', async () => {
    const load = await platform().load();
    for (const part of parts) {
      await load.goesOn(3);
      await server(part).stop();
      await server(part).start();
    }
    await expectWhole(platform(), load);
  }, 300_000);

  test('outlives the death of each engine by SIGKILL, one after the other', async () => {
    const load = await platform().load();
    for (const part of parts) {
      await load.goesOn(3);
      await server(part).kill();
      await server(part).start();
    }
    await expectWhole(platform(), load);
  }, 300_000);

  test('has its models built from the log again when the read stores are emptied', async () => {
    const load = await platform().load();
    await load.goesOn();
    const before = new Map((await projectionsOf(platform().api)).map(({ name, version }) => [name, version]));
    await platform().installation.empty();
    const areNew = async () => {
      const { status, body } = await platform().api.request('GET', '/api/v1/projections');
      if (status !== 200) return false;
      const { items } = body as { items: readonly { name: string; version: number }[] };
      return items.every(({ name, version }) => version > (before.get(name) ?? 0));
    };
    await until(areNew, 'every model has a new version', 60_000);
    await expectWhole(platform(), load);
  }, 300_000);

  test('begins without any engine, takes commands when the log is there, and the rest when it comes', async () => {
    await Promise.all(parts.map((part) => server(part).stop()));
    const said: string[] = [];
    const starting = platform().start('api,relay,projector,worker', (text) => said.push(text));
    await until(() => said.join('').includes('the start waits for an engine'), 'the start waits', 30_000);
    await server('eventStore').start();
    const late = await starting;
    const load = await platform().load(late);
    await load.goesOn();
    await until(() => load.refused.size > 0, 'something is refused');
    await Promise.all(parts.map((part) => server(part).start()));
    await expectWhole(platform(), load);
  }, 300_000);
});
