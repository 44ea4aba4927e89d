import { expect, test } from 'vitest';
import { onEveryEngine } from './support/every-engine.ts';
import { KILLS, killAgainAndAgain } from './support/kills.ts';
import type { ProjectorSettings, ProjectorStatus } from './support/projector-child.ts';
import { expectWhole } from './support/whole.ts';

onEveryEngine(
  'mariadb',
  ({ platform }) => {
    test(
      `outlives ${KILLS} projectors that are killed while they catch up`,
      async () => {
        const { installation, processes } = platform();
        const loads = [await platform().load(), await platform().load()];
        await processes.at(-1)?.kill();

        const worked = await killAgainAndAgain<ProjectorStatus>({
          program: new URL('./support/projector-child.ts', import.meta.url),
          settings: { env: installation.env, dataDir: installation.dataDir } satisfies ProjectorSettings,
          isAtWork: ({ progress }) => progress > 0,
        });
        expect(worked).toBeGreaterThan(KILLS / 2);

        await platform().start('projector,worker');
        const [last, ...others] = loads.reverse();
        for (const load of others) {
          await load.end();
          expect(load.wrong).toEqual([]);
        }
        if (last !== undefined) await expectWhole(platform(), last);
      },
      120_000 + KILLS * 5_000,
    );
  },
  ['api', 'relay', 'projector'],
);
