import { EngineUnfit } from '../../../ports/engine-probe.ts';

/** Something of an engine that is not as it should be. */
export interface RedisFinding {
  readonly problem: string;
  readonly remedy: string;
}

/** The server is there, and waiting will not make it serve: a wrong password, too old a version. */
export class RedisUnfit extends EngineUnfit {}

/** What Redis says of itself by `INFO`. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** Its name and version: what speaks this protocol need not be Redis. */
export function serverOf(info: ReadonlyMap<string, string>): { readonly engine: string; readonly version: string } {
  const valkey = info.get('valkey_version');
  if (valkey !== undefined) return { engine: 'Valkey', version: valkey };
  return { engine: 'Redis', version: info.get('redis_version') ?? 'unknown' };
}

/** Says so when the version lacks what is used here. Valkey tells the version of Redis that it stands for as well. */
export function versionTooOld(info: ReadonlyMap<string, string>): string | undefined {
  const version = info.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 2) ? undefined : `version ${version || 'unknown'} is too old`;
}

/** What about a Redis would make the product slower, or lose what is queued in it. Empty when all is well. */
export function findingsIn(info: ReadonlyMap<string, string>): readonly RedisFinding[] {
  const findings: RedisFinding[] = [];
  const policy = info.get('maxmemory_policy');
  if (policy !== 'noeviction') {
    findings.push({
      problem: `maxmemory-policy is ${policy ?? 'unknown'}: a full Redis would throw away queued jobs and leases`,
      remedy: 'set "maxmemory-policy noeviction" in redis.conf, or at once: CONFIG SET maxmemory-policy noeviction',
    });
  }
  const old = versionTooOld(info);
  if (old !== undefined) findings.push({ problem: old, remedy: 'use Redis 6.2 or newer; 7 is tested' });
  if (info.get('role') !== 'master') {
    findings.push({
      problem: `the server is a replica (role ${info.get('role') ?? 'unknown'}), which takes no writes`,
      remedy: 'let ANNALS_REDIS_URL name the primary',
    });
  }
  if (info.get('cluster_enabled') === '1') {
    findings.push({
      problem: 'the server belongs to a Redis Cluster, across whose nodes the scripts here cannot reach',
      remedy: 'let ANNALS_REDIS_URL name a Redis that is no cluster; a replicated pair is fine',
    });
  }
  return findings;
}
