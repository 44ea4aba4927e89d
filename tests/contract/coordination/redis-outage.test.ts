import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRedisCoordination, type RedisCoordination } from '../../../src/infrastructure/coordination/redis.ts';
import { RedisUnfit } from '../../../src/infrastructure/coordination/redis/check.ts';
import { StoreUnavailable } from '../../../src/ports/unavailable.ts';
import { onEngine } from '../../support/engines.ts';
import { ended, given, heard, nodeNamed, until } from './helpers.ts';
import { logLines, type LogLines } from '../../support/log-lines.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { temporaryRedis, type TemporaryRedis } from './temporary-redis.ts';

const LONG_MS = 60_000;
/** Short, so that the tests of silence are. */
const timeoutMs = 200;

onEngine('redis', (url) => {
  let place: TemporaryRedis;
  let proxy: TcpProxy;
  let near: RedisCoordination;
  let far: RedisCoordination;
  let logger: LogLines;

  beforeEach(async () => {
    const { hostname, port } = new URL(url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port || 6379) });
    place = temporaryRedis(url);
    near = place.open().coordination;
    ({ coordination: far, logger } = place.open({ url: through(url, proxy), timeoutMs }));
    await far.ping();
  });
  afterEach(async () => {
    await place.dispose();
    await proxy.close();
  });

  const isAway = () => until(async () => expect(await far.cache.set('probe', '1', LONG_MS)).toBe(false));
  const isBack = () => until(async () => expect(await far.cache.set('probe', '1', LONG_MS)).toBe(true));

  describe.each([
    ['stopped', () => proxy.cut()],
    ['silent', () => proxy.stall()],
  ])('a Redis that is %s', (_, disturb) => {
    it('makes everything slower and nothing wrong, and is used again when it is back', async () => {
      await far.cache.set('a', '1', LONG_MS);
      await far.presence.announce(nodeNamed('far'), LONG_MS);
      await near.presence.announce(nodeNamed('near'), LONG_MS);
      disturb();
      await isAway();
      expect(await far.cache.get('a')).toBeUndefined();
      expect(await far.cache.delete('a')).toBe(false);
      expect(await far.leases.acquire('relay', LONG_MS)).toBeUndefined();
      expect(await far.channels.publish('models', 'on')).toBe(false);
      expect(await far.presence.nodes()).toEqual([nodeNamed('far')]);
      await far.presence.announce(nodeNamed('far', ['relay']), LONG_MS);
      await far.presence.withdraw('unknown');
      await expect(far.ping()).rejects.toThrow(StoreUnavailable);
      await expect(far.check()).rejects.toThrow(StoreUnavailable);

      proxy.heal();
      await isBack();
      expect(await far.cache.get('a')).toBe('1');
      expect(await far.leases.acquire('relay', LONG_MS)).toBeDefined();
      await far.presence.announce(nodeNamed('far', ['relay']), LONG_MS);
      expect(await far.presence.nodes()).toEqual([nodeNamed('far', ['relay']), nodeNamed('near')]);
    });

    it('leaves each process the limits that it counts by itself, its earlier uses included', async () => {
      const limit = { key: 'login', limit: 3, windowMs: 600_000 };
      expect(await far.rateLimits.take([limit])).toMatchObject({ allowed: true, shared: true });
      expect(await near.rateLimits.take([limit])).toMatchObject({ allowed: true, shared: true });
      disturb();
      await isAway();
      expect(await far.rateLimits.take([limit])).toMatchObject({ allowed: true, shared: false });
      expect(await far.rateLimits.take([limit])).toMatchObject({ allowed: true, shared: false });
      expect(await far.rateLimits.take([limit])).toMatchObject({ allowed: false, shared: false });
      proxy.heal();
      await isBack();
      expect(await far.rateLimits.take([limit])).toMatchObject({ allowed: false });
      expect(await near.rateLimits.take([limit])).toMatchObject({ allowed: true, shared: true });
    });

    it('leaves a lease until its time has passed, and no longer', async () => {
      const lease = given(await far.leases.acquire('relay', 2_000));
      disturb();
      expect(await lease.renew()).toBe(false);
      expect(lease.held()).toBe(true);
      await ended(lease);
      expect(lease.held()).toBe(false);
      await lease.release();
      let next = await near.leases.acquire('relay', LONG_MS);
      while (next === undefined) next = await near.leases.acquire('relay', LONG_MS);
      expect(next.epoch).toBeGreaterThan(lease.epoch);
    });

    it('tells listeners that they miss messages, and again when they hear once more', async () => {
      const listener = heard();
      const subscription = await far.channels.subscribe('models', listener);
      expect(subscription.live()).toBe(true);
      const before = listener.gaps;
      disturb();
      await until(() => expect(subscription.live()).toBe(false));
      expect(listener.gaps).toBe(before + 1);
      await near.channels.publish('models', 'missed');
      proxy.heal();
      await until(() => expect(subscription.live()).toBe(true));
      expect(listener.gaps).toBe(before + 2);
      await near.channels.publish('models', 'heard');
      await until(() => expect(listener.messages).toEqual(['heard']));
    });

    it('is said to be away once, and to be back once, for each connection', async () => {
      disturb();
      await isAway();
      for (let n = 0; n < 20; n++) await far.cache.get('a');
      proxy.heal();
      await isBack();
      expect(logger.lines.map(({ message }) => message)).toEqual(['Redis is away', 'Redis is back']);
    });
  });

  describe('a lease', () => {
    it('that was given by an answer that never came is had at the next attempt, not after its time', async () => {
      proxy.swallowAnswers();
      expect(await far.leases.acquire('relay', LONG_MS)).toBeUndefined();
      expect(await near.leases.acquire('relay', LONG_MS)).toBeUndefined();
      proxy.heal();
      await isBack();
      const lease = given(await far.leases.acquire('relay', LONG_MS));
      expect(await lease.renew()).toBe(true);
      expect(await near.leases.acquire('relay', LONG_MS)).toBeUndefined();
    });
  });

  describe('a Redis that lost everything', () => {
    it('ends the leases that it knew, and gives none of their epochs again', async () => {
      const lease = given(await far.leases.acquire('relay', LONG_MS));
      await place.empty();
      const next = given(await near.leases.acquire('relay', LONG_MS));
      expect(next.epoch).toBeGreaterThan(lease.epoch);
      expect(await lease.renew()).toBe(false);
      expect(lease.held()).toBe(false);
      expect(next.held()).toBe(true);
      expect(await next.renew()).toBe(true);
    });

    it('gives an epoch above those of its past even if its clock was ahead then, when it is told of them', async () => {
      const ahead = (Date.now() + 3_600_000) * 1_000;
      await place.redis.set(`${place.prefix}lease:relay:epoch`, String(ahead));
      const lease = given(await near.leases.acquire('relay', LONG_MS));
      expect(lease.epoch).toBe(ahead + 1);
      await place.empty();
      const told = given(await far.leases.acquire('relay', LONG_MS, { above: lease.epoch }));
      expect(told.epoch).toBeGreaterThan(lease.epoch);
      await place.empty();
      const remembered = given(await near.leases.acquire('relay', LONG_MS));
      expect(remembered.epoch).toBeGreaterThan(lease.epoch);
    });

    it('gives no process again what it has used up of a limit itself', async () => {
      const limit = { key: 'login', limit: 2, windowMs: 600_000 };
      await far.rateLimits.take([limit]);
      await far.rateLimits.take([limit]);
      await place.empty();
      expect(await far.rateLimits.take([limit])).toMatchObject({ allowed: false });
      expect(await near.rateLimits.take([limit])).toMatchObject({ allowed: true, shared: true });
    });

    it('knows nothing that was cached, and the nodes again as they announce themselves', async () => {
      await far.cache.set('a', '1', LONG_MS);
      await far.presence.announce(nodeNamed('far'), LONG_MS);
      await place.empty();
      expect(await near.cache.get('a')).toBeUndefined();
      expect(await near.presence.nodes()).toEqual([]);
      await far.presence.announce(nodeNamed('far'), LONG_MS);
      expect(await near.presence.nodes()).toEqual([nodeNamed('far')]);
    });

    it('is not believed when it holds what others wrote there', async () => {
      await far.presence.announce(nodeNamed('far'), LONG_MS);
      await place.redis.hset(`${place.prefix}nodes:info`, 'far', '{"id":7}');
      expect(await near.presence.nodes()).toEqual([]);
      await place.redis.hset(`${place.prefix}nodes:info`, 'far', 'nonsense');
      expect(await near.presence.nodes()).toEqual([]);
    });
  });

  describe('a command that Redis refuses', () => {
    it('is a miss, and is logged once', async () => {
      await place.redis.set(`${place.prefix}cache`, 'in the place of the index');
      expect(await far.cache.set('a', '1', LONG_MS)).toBe(false);
      expect(await far.cache.set('b', '1', LONG_MS)).toBe(false);
      const refusals = logger.lines.filter(({ message }) => message === 'Redis refused a command');
      expect(refusals).toHaveLength(1);
      expect(await far.ping()).toMatchObject({ version: expect.stringMatching(/^\d+\./) });
    });
  });
});

describe('a Redis that is not there at the start', () => {
  it('is answered for all the same, and its password is told to nobody', async () => {
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const address = nobody.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    nobody.close();
    const logger = logLines();
    const coordination = openRedisCoordination({ url: `redis://annals:hunter2@127.0.0.1:${port}/3`, logger });
    expect(await coordination.cache.get('a')).toBeUndefined();
    expect(await coordination.leases.acquire('relay', LONG_MS)).toBeUndefined();
    const listener = heard();
    expect((await coordination.channels.subscribe('models', listener)).live()).toBe(false);
    const failure = await coordination.ping().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(String(failure)).toContain(`127.0.0.1:${port}`);
    expect(JSON.stringify([String(failure), logger.lines])).not.toContain('hunter2');
    await coordination.close();
    await expect(coordination.ping()).rejects.toThrow(StoreUnavailable);
  });
});

describe('a Redis that refuses the password', () => {
  it('is unfit for a probe and away for all else, and its refusal is told without the password', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => {
        // An answer for each command: a command is an array, whose length follows an asterisk.
        const commands = bytes.toString().match(/^\*\d+\r$/gm) ?? [];
        socket.write('-WRONGPASS invalid username-password pair or user is disabled.\r\n'.repeat(commands.length));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const logger = logLines();
    const coordination = openRedisCoordination({ url: `redis://:hunter2@127.0.0.1:${port}`, logger });
    const failure = await coordination.ping().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RedisUnfit);
    expect(String(failure)).toContain('WRONGPASS');
    expect(await coordination.cache.get('a')).toBeUndefined();
    expect(JSON.stringify([String(failure), logger.lines])).not.toContain('hunter2');
    await coordination.close();
    server.close();
  });
});

function through(url: string, { host, port }: TcpProxy): string {
  const way = new URL(url);
  way.hostname = host;
  way.port = String(port);
  return way.href;
}
