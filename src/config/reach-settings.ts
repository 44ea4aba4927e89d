import { addressRanges, executables } from './parsers.ts';
import { setting } from './setting.ts';

const reach = { group: 'What may be reached and run' };

/** From where requests come, where those of the platform may go, and what it may start. */
export const reachSettings = {
  trustedProxies: setting({
    ...reach,
    name: 'ANNALS_TRUSTED_PROXIES',
    description:
      'Addresses and ranges (CIDR, separated by commas) of proxies in front of the platform: of requests from there, ' +
      'X-Forwarded-For says where they come from, for the audit trail, for rate limits and for API keys bound to addresses. ' +
      'Each has to add the address by which it was asked to that header, or to set it.',
    defaultText: 'empty: a request comes from the address of its connection',
    example: '10.0.0.2,192.168.10.0/24',
    schema: addressRanges,
  }),
  egressAllow: setting({
    ...reach,
    name: 'ANNALS_EGRESS_ALLOW',
    description:
      "Address ranges (CIDR, separated by commas) that the platform's own requests may reach although they are not " +
      'public. While it listens on loopback alone, loopback is allowed as well.',
    defaultText: 'empty: public addresses only',
    example: '10.20.0.0/16,fd12:3456::/32',
    schema: addressRanges,
  }),
  stdioAllow: setting({
    ...reach,
    name: 'ANNALS_STDIO_ALLOW',
    description: 'Executables (names or absolute paths, separated by commas) that stdio servers may be started with.',
    defaultText: 'npx,node,uvx,python3,docker',
    example: 'npx,node,/opt/tools/bin/my-server',
    schema: executables(['npx', 'node', 'uvx', 'python3', 'docker']),
  }),
};
