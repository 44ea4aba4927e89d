import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { roles, settings } from '../../src/config/settings.ts';
import { annals, compose, composeText, interpolate, root, services } from '../../scripts/compose-file.ts';
import { madeEnvironment } from './made-environment.ts';

const known: readonly string[] = Object.values(settings).map(({ name }) => name);

describe('the compose file', () => {
  it('brings Annals and every engine that it can run on', () => {
    const engineSettings = ['EVENTSTORE_URL', 'KAFKA_BROKERS', 'SQL_URL', 'DOCUMENTS_URL', 'SEARCH_URL', 'REDIS_URL'];
    expect(services.map(([name]) => name).sort()).toEqual(
      ['api', 'projector', 'worker', 'eventstore', 'kafka', 'mysql', 'mongodb', 'elasticsearch', 'redis'].sort(),
    );
    for (const [, { environment }] of annals) {
      expect(Object.keys(environment ?? {})).toEqual(
        expect.arrayContaining(engineSettings.map((name) => `ANNALS_${name}`)),
      );
    }
  });

  it.each(services)(
    'gives %s a health check, a memory limit, a restart policy, and volumes that are declared',
    (_, one) => {
      // What is built here has the health check of the Dockerfile.
      expect(one.healthcheck !== undefined || one.build !== undefined).toBe(true);
      expect(one.mem_limit).toMatch(/^\d+[mg]$/);
      expect(one.restart).toBe('unless-stopped');
      expect(one.volumes.length).toBeGreaterThan(0);
      for (const volume of one.volumes) expect(compose.volumes).toHaveProperty(volume.split(':')[0] ?? '');
      for (const network of one.networks) expect(compose.networks).toHaveProperty(network);
    },
  );

  it.each(services)('has no password of %s in the open: each is a required variable', (_, { environment = {} }) => {
    const secret = /PASSWORD|SECRET|TOKEN|KEY$|_KEY_|^ANNALS_(SQL|DOCUMENTS|SEARCH|REDIS)_URL$/;
    for (const [name, value] of Object.entries(environment)) {
      if (!secret.test(name)) continue;
      expect(value, name).toMatch(/^([a-z]+:\/\/(\w*:)?)?\$\{DEPLOY_[A-Z_]+:\?run deploy\/make-env\.sh\}(@\S+)?$/);
    }
    for (const value of Object.values(environment)) expect(value).not.toMatch(/:\/\/\w*:[^$@/]+@/);
  });

  it('starts nothing when the variables are missing, and names what makes them', () => {
    expect(() => interpolate(composeText, {})).toThrow('run deploy/make-env.sh');
  });

  it('publishes the port of the API alone, on loopback, and leaves engines no way out', () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['api']);
    expect(compose.services['api']?.ports?.map((port) => interpolate(port, {}))).toEqual(['127.0.0.1:8000:8000']);
    expect(compose.networks['engines']?.internal).toBe(true);
    for (const [, { build, networks }] of services) if (build === undefined) expect(networks).toEqual(['engines']);
  });

  it.each(services)('pins the image of %s to a version', (_, { image, build }) => {
    if (build === undefined) expect(image).toMatch(/:\d+\.\d+/);
  });

  it('runs the images that tests in Docker run against', () => {
    const tested = readFileSync(join(root, 'tests/support/engine-containers.ts'), 'utf8');
    for (const [, { image, build }] of services) if (build === undefined) expect(tested).toContain(`'${image}'`);
  });
});

describe('Annals in the compose file', () => {
  it.each(annals)('runs %s without rights, on a read-only file system, and lets it stop in its own time', (_, one) => {
    expect(one.read_only).toBe(true);
    expect(one.cap_drop).toEqual(['ALL']);
    expect(Number.parseInt(one.stop_grace_period ?? '0')).toBeGreaterThan(20);
  });

  it.each(annals)('starts %s when each engine that it names is healthy', (_, one) => {
    const engines = services.filter(([, { build }]) => build === undefined).map(([name]) => name);
    expect(Object.keys(one.depends_on ?? {}).sort()).toEqual(engines.sort());
    for (const { condition } of Object.values(one.depends_on ?? {})) expect(condition).toBe('service_healthy');
    const hosts = Object.values(one.environment ?? {}).flatMap(
      (value) => value.match(/(?<=@|^esdb:\/\/|^)[a-z]+(?=:\d+)/g) ?? [],
    );
    expect(hosts.sort()).toEqual(engines.sort());
  });

  it('has each role in exactly one service', () => {
    const named = annals.flatMap(([, { command }]) => {
      expect(command?.slice(0, 2)).toEqual(['serve', '--roles']);
      return String(command?.[2]).split(',');
    });
    expect(named.sort()).toEqual([...roles].sort());
  });

  it.each(annals)(
    'gives %s settings that there are, with values that are accepted',
    (_, { environment = {}, command }) => {
      for (const name of Object.keys(environment)) expect(known).toContain(name);
      const values = madeEnvironment();
      const env = Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [name, interpolate(value, values)]),
      );
      const image = { ANNALS_HOST: '0.0.0.0', ANNALS_DATA_DIR: '/data', ANNALS_LOG_FORMAT: 'json' };
      const config = loadConfig({ ...image, ...env, ANNALS_ROLES: String(command?.[2]) });
      expect(config.listensOnLoopback).toBe(false);
      expect(config.redisUrl).toContain(values['DEPLOY_REDIS_PASSWORD']);
    },
  );
});
