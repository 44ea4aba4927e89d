import type { Transport } from '../../domain/mcp/definition.ts';
import type { ResolvedSecret, ResolveSecret } from '../../ports/secret-use.ts';
import type { UpstreamTarget } from '../../ports/upstream.ts';
import type { PackagePin } from '../../domain/mcp/packages.ts';
import type { Confine } from '../confine/confine.ts';
import type { Agents } from './http-endpoint.ts';
import type { Packages } from '../packages/packages.ts';
import { createHttpEndpoint, flatHeaders } from './http-endpoint.ts';
import { HttpWire } from './http-wire.ts';
import type { Redactor } from './redactor.ts';
import { resolveSettings } from './settings.ts';
import { SseWire } from './sse-wire.ts';
import { prepareLaunch, type Launch, type LaunchRules } from './stdio-launch.ts';
import { StdioWire, type RunningProcess } from './stdio-wire.ts';
import type { Note, Wire } from './wire.ts';

export interface WireFactoryOptions {
  readonly agents: Agents;
  readonly launchRules: LaunchRules;
  readonly programs: Programs | undefined;
  readonly resolveSecret: ResolveSecret;
  readonly maxResultBytes: number;
  readonly killGraceMs: number;
  /** Where child processes stand as long as they run. */
  readonly running: Set<RunningProcess>;
}

/** Where programs of stdio servers live, and what keeps them there. */
export interface Programs {
  /** A directory of this mcp alone, or of it and a caller whose own secrets it has; it is there when it answers. */
  readonly homeOf: (mcpId: string, caller?: string) => string;
  readonly confine: Confine;
  readonly packages: Pick<Packages, 'program'>;
}

export interface WireHooks {
  readonly log: (line: string) => void;
  readonly note: Note;
  readonly redactor: Redactor;
  /** Told which secrets the wires have, before there is one. */
  readonly uses: (secrets: readonly ResolvedSecret[]) => void;
}

/**
 * Makes wires for the transport of an mcp, its secrets resolved and its rules checked.
 * @throws UpstreamError `upstream_refused`
 */
export async function prepareWires(
  { mcpId, transport, caller, pin }: Omit<UpstreamTarget, 'version'>,
  options: WireFactoryOptions,
  hooks: WireHooks,
): Promise<() => Wire> {
  const { agents, maxResultBytes, killGraceMs, running, programs } = options;
  const { note, redactor } = hooks;
  const use = { mcpId, transport, ...(caller === undefined ? {} : { caller }) };
  const settings = (transport.type === 'stdio' ? transport.env : transport.headers) ?? {};
  const { values, secrets } = await resolveSettings(settings, options.resolveSecret, use);
  redactor.add(secrets.map(({ value }) => value));
  hooks.uses(secrets);
  if (transport.type === 'stdio') {
    const { command, args = [], cwd } = transport;
    const home = programs?.homeOf(mcpId, caller);
    const asked = prepareLaunch(
      { command, args, env: values, cwd, ...(home !== undefined && { home }) },
      options.launchRules,
    );
    const launch =
      programs === undefined || home === undefined
        ? asked
        : await settle(programs, asked, { transport, pin, home, tools: options.launchRules.packageTools ?? {} });
    const redact = redactor.text;
    return () => new StdioWire({ launch, maxResultBytes, killGraceMs, running, redact, log: hooks.log, note });
  }
  const headers = flatHeaders(values);
  if (transport.type === 'sse') {
    return () => new SseWire({ url: transport.url, agents, headers, maxResultBytes, note });
  }
  const endpoint = createHttpEndpoint(transport.url, agents);
  return () => new HttpWire({ endpoint, headers, maxResultBytes, note });
}

/** The program that really runs: that of pinned packages where a package runner was named, in its home, in its confines. */
async function settle(
  programs: Programs,
  asked: Launch,
  server: {
    readonly transport: Extract<Transport, { type: 'stdio' }>;
    readonly pin: PackagePin | undefined;
    readonly home: string;
    /** Variables for package runners alone. */
    readonly tools: Readonly<Record<string, string>>;
  },
): Promise<Launch> {
  const pinned = await programs.packages.program(server.transport, server.pin);
  if (pinned === undefined) return programs.confine({ ...asked, reads: [] }, server.home);
  const { command, args, reads } = pinned;
  const env = Object.fromEntries(Object.entries(asked.env).filter(([name]) => !Object.hasOwn(server.tools, name)));
  return programs.confine({ ...asked, command, args: [...args], env, reads: [reads] }, server.home);
}
