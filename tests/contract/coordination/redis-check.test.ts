import { describe, expect, it } from 'vitest';
import { findingsIn, parseInfo, serverOf } from '../../../src/infrastructure/coordination/redis/check.ts';
import { onEngine } from '../../support/engines.ts';
import { temporaryRedis } from './temporary-redis.ts';

const healthy = [
  '# Server',
  'redis_version:7.4.1',
  'redis_mode:standalone',
  '# Memory',
  'maxmemory_policy:noeviction',
  '# Replication',
  'role:master',
  '# Cluster',
  'cluster_enabled:0',
  '',
].join('\r\n');

const findingsOf = (info: string) => findingsIn(parseInfo(info));

describe('the check of a Redis', () => {
  it('finds nothing wrong with one that is set up as it should be', () => {
    expect(findingsOf(healthy)).toEqual([]);
    expect(serverOf(parseInfo(healthy))).toEqual({ engine: 'Redis', version: '7.4.1' });
  });

  it.each([
    ['maxmemory_policy:noeviction', 'maxmemory_policy:allkeys-lru', 'maxmemory-policy is allkeys-lru'],
    ['redis_version:7.4.1', 'redis_version:6.0.16', 'version 6.0.16 is too old'],
    ['role:master', 'role:slave', 'is a replica'],
    ['cluster_enabled:0', 'cluster_enabled:1', 'Redis Cluster'],
  ])('names what is wrong and how to mend it: %s became %s', (right, wrong, problem) => {
    const findings = findingsOf(healthy.replace(right, wrong));
    expect(findings).toEqual([{ problem: expect.stringContaining(problem), remedy: expect.stringMatching(/\w{3}/) }]);
  });

  it('takes nothing for granted that it was not told', () => {
    expect(findingsOf('').map(({ problem }) => problem)).toHaveLength(3);
  });

  it('knows Valkey, which gives a version of Redis beside its own', () => {
    const info = healthy.replace('redis_version:7.4.1', 'redis_version:7.2.4\r\nvalkey_version:8.1.0');
    expect(serverOf(parseInfo(info))).toEqual({ engine: 'Valkey', version: '8.1.0' });
    expect(findingsOf(info)).toEqual([]);
  });
});

onEngine('redis', (url) => {
  describe('a Redis that answers', () => {
    it('says what it is, and its eviction policy is judged as it is set', async () => {
      const place = temporaryRedis(url);
      const { coordination } = place.open();
      const answer = await coordination.ping();
      expect(answer).toMatchObject({ engine: expect.stringMatching(/Redis|Valkey/), version: expect.any(String) });
      expect(answer.latencyMs).toBeGreaterThanOrEqual(0);
      const policy = parseInfo(await place.redis.info('memory')).get('maxmemory_policy');
      const problems = (await coordination.check()).map(({ problem }) => problem);
      expect(problems.some((problem) => problem.startsWith('maxmemory-policy'))).toBe(policy !== 'noeviction');
      await place.dispose();
    });
  });
});
