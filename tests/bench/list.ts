import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFastServer } from '../fixtures/fast-http-server.ts';
import { httpRequest, load } from './load.ts';
import { pinSelf, startPinned } from './pinned.ts';
import { registerUpstream, startProduct } from './product.ts';
import { figure, type BenchRow } from './row.ts';

const mcps = 50;

/** A warm list of mcps, credentials checked, against an Express route that answers as many constant bytes. */
export async function benchList(): Promise<readonly BenchRow[]> {
  pinSelf(1);
  const upstream = await startFastServer();
  const product = await startProduct();
  const folder = mkdtempSync(join(tmpdir(), 'annals-floor-'));
  try {
    for (let n = 0; n < mcps; n++) await registerUpstream(product, upstream.url, `server ${n}`);
    const size = Buffer.byteLength(JSON.stringify(await product.request('GET', '/api/v1/mcps')));
    const args = ['tests/bench/floor-server.ts', join(folder, 'floor.sqlite'), upstream.url, 'unused', String(size)];
    const floor = await startPinned(0, args, /^(\d+)$/);
    try {
      const headers = { authorization: `Bearer ${product.token}` };
      const list = () => httpRequest('GET', '/api/v1/mcps', headers);
      const constant = () => httpRequest('GET', '/constant', {});
      const ratios: { ratio: number; value: number; floor: number }[] = [];
      for (let round = 0; round < 3; round++) {
        const options = { connections: 32, warmup: 1000, calls: 10_000 };
        const base = await load({ ...options, port: Number(floor.ready[1]), request: constant });
        const ours = await load({ ...options, port: product.port, request: list });
        ratios.push({ ratio: ours.perSecond / base.perSecond, value: ours.perSecond, floor: base.perSecond });
      }
      const middle = ratios.sort((a, b) => a.ratio - b.ratio)[1];
      if (middle === undefined) throw new Error('nothing was measured');
      return [
        {
          what: `list of ${mcps} mcps, warm, ${figure(size / 1024)} KiB`,
          value: `${figure(middle.value)} answers/s`,
          floor: `${figure(middle.floor)} answers/s`,
          ratio: figure(middle.ratio),
          goal: '≥ 0.7',
          met: middle.ratio >= 0.7,
        },
      ];
    } finally {
      await floor.stop();
    }
  } finally {
    await product.stop();
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
