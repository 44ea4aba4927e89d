import { createServer, get } from 'node:http';
import type { LookupAddress } from 'node:dns';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAddressPolicy } from '../../src/infrastructure/egress/address-policy.ts';
import { createEgressPolicy, type EgressOptions } from '../../src/infrastructure/egress/egress-policy.ts';
import type { ResolveAll } from '../../src/infrastructure/egress/guarded-lookup.ts';
import { EgressRefused } from '../../src/ports/egress.ts';

const strict = createAddressPolicy({ allow: [], allowLoopback: false });

describe('an address', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '240.0.0.1',
    '::',
    '::1',
    '[::1]',
    'fe80::1%eth0',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '2001:db8::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:a9fe:a9fe',
    '::127.0.0.1',
    '64:ff9b::10.0.0.1',
    '2002:7f00:1::',
    '4000::1',
    'not-an-address',
    '',
  ])('%s is refused', (address) => {
    expect(strict(address)).toEqual(expect.any(String));
  });

  test.each([
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '::ffff:1.1.1.1',
    '64:ff9b::1.1.1.1',
    '[2606:4700::1]',
  ])('%s is reached', (address) => {
    expect(strict(address)).toBeUndefined();
  });

  test('is reached when its block is allowed, in either spelling', () => {
    const policy = createAddressPolicy({ allow: ['10.1.0.0/16', 'fd00::/8', '192.168.7.7'], allowLoopback: false });
    expect(policy('10.1.2.3')).toBeUndefined();
    expect(policy('::ffff:10.1.2.3')).toBeUndefined();
    expect(policy('fd00::5')).toBeUndefined();
    expect(policy('192.168.7.7')).toBeUndefined();
    expect(policy('10.2.0.1')).toBe('a private address');
    expect(policy('192.168.7.8')).toBe('a private address');
    expect(policy('127.0.0.1')).toBe('a loopback address');
  });

  test.each(['10.0.0.0/33', 'example.com', '10.0.0.0/', '10.0.0.0/8/8', '', 'fd00::/129'])(
    'block %j is no block, and the error names the setting',
    (block) => {
      expect(() => createAddressPolicy({ allow: [block], allowLoopback: false })).toThrow(/ANNALS_EGRESS_ALLOW/);
    },
  );
});

/** A server on loopback that counts its connections. */
async function startTarget() {
  let connections = 0;
  const server = createServer((_, response) => response.end('reached'));
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

function fetchText(url: string, options: EgressOptions): Promise<string> {
  const egress = createEgressPolicy(options);
  onTestFinished(() => egress.close());
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    get({ agent: egress.http, host: hostname.replace(/[[\]]/g, ''), port, path: pathname }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    }).on('error', reject);
  });
}

const answering = (...addresses: string[]): ResolveAll => {
  const answers: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_hostname, _options, callback) => callback(null, answers);
};

describe('a connection', () => {
  test.each([
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '[::ffff:127.0.0.1]',
    'localhost',
  ])('to http://%s is refused before a byte is sent, and the refusal names the setting', async (host) => {
    const target = await startTarget();
    const error: unknown = await fetchText(`http://${host}:${target.port}/`, { allow: [], allowLoopback: false }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(EgressRefused);
    expect(String(error)).toContain('ANNALS_EGRESS_ALLOW');
    expect(target.connections()).toBe(0);
  });

  test('to loopback is made where loopback is allowed', async () => {
    const target = await startTarget();
    await expect(fetchText(`http://127.0.0.1:${target.port}/`, { allow: [], allowLoopback: true })).resolves.toBe(
      'reached',
    );
  });

  test('is refused by what the name resolves to, which stays out of the message', async () => {
    const target = await startTarget();
    const resolve = answering('10.20.30.40', '127.0.0.1');
    const fetched = fetchText(`http://innocent.example:${target.port}/`, { allow: [], allowLoopback: false, resolve });
    await expect(fetched).rejects.toThrow(/"innocent.example" is a private address/);
    await expect(fetched).rejects.not.toThrow(/10\.20/);
    expect(target.connections()).toBe(0);
  });

  test('goes to the allowed address when a name has several', async () => {
    const target = await startTarget();
    const resolve = answering('10.20.30.40', '127.0.0.1');
    const fetched = fetchText(`http://mixed.example:${target.port}/`, { allow: [], allowLoopback: true, resolve });
    await expect(fetched).resolves.toBe('reached');
  });

  test('is refused when the name has changed its mind since it was first looked at', async () => {
    const target = await startTarget();
    const answers = ['127.0.0.1', '10.0.0.1'];
    const resolve: ResolveAll = (_hostname, _options, callback) =>
      callback(null, [{ address: answers.shift() ?? '10.0.0.1', family: 4 }]);
    const options = { allow: [], allowLoopback: true, resolve };
    await expect(fetchText(`http://rebinding.example:${target.port}/`, options)).resolves.toBe('reached');
    await expect(fetchText(`http://rebinding.example:${target.port}/`, options)).rejects.toBeInstanceOf(EgressRefused);
  });

  test('to a socket in the file system is refused', async () => {
    const egress = createEgressPolicy({ allow: [], allowLoopback: true });
    const failed = new Promise((resolve) => {
      get({ agent: egress.http, socketPath: '/var/run/docker.sock', path: '/' }).on('error', resolve);
    });
    await expect(failed).resolves.toBeInstanceOf(EgressRefused);
  });
});
