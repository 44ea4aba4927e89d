import { z } from 'zod';
import { absolutePaths, choice, registries, wholeNumber } from './parsers.ts';
import { setting } from './setting.ts';

const GIB = 1024 * 1024 * 1024;
const programs = { group: 'Programs of MCP servers' };

/** What the programs of stdio servers are kept from, and what they may take. */
export const programSettings = {
  stdioRegistries: setting({
    ...programs,
    name: 'ANNALS_STDIO_REGISTRIES',
    description:
      'Addresses of the npm registries (separated by commas) that packages of servers may come from; the first is asked. What ' +
      'a package needs from anywhere else refuses it. Unset, those of the settings that npm has for the user who runs Annals.',
    defaultText: "npm's own settings",
    example: 'https://npm.example.com/,https://registry.npmjs.org/',
    schema: registries,
  }),
  stdioUnpinned: setting({
    ...programs,
    name: 'ANNALS_STDIO_UNPINNED',
    description:
      'What becomes of a launch that names a package or an image without saying which one exactly (npx of what no registry ' +
      'tells, uvx without a version, docker run without a digest): refuse or allow.',
    defaultText: 'refuse',
    example: 'allow',
    schema: choice(['refuse', 'allow'], 'refuse'),
  }),
  sandbox: setting({
    ...programs,
    name: 'ANNALS_SANDBOX',
    description:
      'What keeps the programs of stdio servers from the rest of the machine: none, bubblewrap (Linux, needs bwrap), or ' +
      'container (needs docker or podman and ANNALS_SANDBOX_IMAGE). One that does not work here refuses the start.',
    defaultText: 'none',
    example: 'bubblewrap',
    schema: choice(['none', 'bubblewrap', 'container'], 'none'),
  }),
  sandboxNetwork: setting({
    ...programs,
    name: 'ANNALS_SANDBOX_NETWORK',
    description:
      'Whether sandboxed servers reach the network: on or off. Packages of npm are fetched before, by the platform; without ' +
      'the network, uvx finds only what was fetched earlier.',
    defaultText: 'off',
    example: 'on',
    schema: choice(['off', 'on'], 'off'),
  }),
  sandboxRead: setting({
    ...programs,
    name: 'ANNALS_SANDBOX_READ',
    description:
      "Directories (full paths, separated by commas) that sandboxed servers may read besides the system's own programs: " +
      'where servers are installed. The working directory of a server has to be in one of them.',
    defaultText: 'no directories',
    example: '/opt/mcp-servers,/srv/documents',
    schema: absolutePaths,
  }),
  sandboxImage: setting({
    ...programs,
    name: 'ANNALS_SANDBOX_IMAGE',
    description: 'The image that servers run in when ANNALS_SANDBOX is container. It has to be on the machine already.',
    defaultText: 'no image',
    example: 'node:24-slim',
    schema: z.optional(z.string().regex(/^[\w][\w.\-/:@]{0,254}$/, 'is no name of an image')),
  }),
  stdioMemoryBytes: setting({
    ...programs,
    name: 'ANNALS_STDIO_MEMORY_BYTES',
    description:
      'Memory that one process of a stdio server may allocate, in bytes (of the whole server in a container). 0: no limit. ' +
      'Limits need prlimit (util-linux) or a container.',
    defaultText: String(2 * GIB),
    example: '1073741824',
    schema: wholeNumber({ min: 0, max: 1024 * GIB, fallback: 2 * GIB, unit: 'bytes' }),
  }),
  stdioCpuSeconds: setting({
    ...programs,
    name: 'ANNALS_STDIO_CPU_SECONDS',
    description: 'Processor time that one process of a stdio server may use in its life, in seconds. 0: no limit.',
    defaultText: '3600',
    example: '600',
    schema: wholeNumber({ min: 0, max: 10_000_000, fallback: 3600, unit: 'seconds' }),
  }),
  stdioOpenFiles: setting({
    ...programs,
    name: 'ANNALS_STDIO_OPEN_FILES',
    description: 'Files and sockets that one process of a stdio server may have open. 0: no limit.',
    defaultText: '1024',
    example: '256',
    schema: wholeNumber({ min: 0, max: 1_000_000, fallback: 1024 }),
  }),
  stdioProcesses: setting({
    ...programs,
    name: 'ANNALS_STDIO_PROCESSES',
    description:
      'Processes and threads that one stdio server may have, in a sandbox. 0: no limit. Bubblewrap cannot limit them while ' +
      'the platform runs as root.',
    defaultText: '256',
    example: '64',
    schema: wholeNumber({ min: 0, max: 1_000_000, fallback: 256 }),
  }),
};
