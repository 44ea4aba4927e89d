import type { UpstreamTarget } from '../../ports/upstream.ts';
import type { Confine } from '../confine/confine.ts';
import type { Agents } from './http-endpoint.ts';
import { createHttpEndpoint, flatHeaders } from './http-endpoint.ts';
import { HttpWire } from './http-wire.ts';
import { blackOut, resolveSettings, type ResolveSecret } from './settings.ts';
import { SseWire } from './sse-wire.ts';
import { prepareLaunch, type LaunchRules } from './stdio-launch.ts';
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
  /** A directory of this mcp alone, which is there when it answers. */
  readonly homeOf: (mcpId: string) => string;
  readonly confine: Confine;
}

/**
 * Makes wires for the transport of an mcp, its secrets resolved and its rules checked.
 * @throws UpstreamError `upstream_refused`
 */
export async function prepareWires(
  { mcpId, transport }: Pick<UpstreamTarget, 'mcpId' | 'transport'>,
  options: WireFactoryOptions,
  hooks: { readonly log: (line: string) => void; readonly note: Note },
): Promise<() => Wire> {
  const { agents, maxResultBytes, killGraceMs, running, programs } = options;
  const { note } = hooks;
  if (transport.type === 'stdio') {
    const { command, args = [], cwd } = transport;
    const { values: env, secrets } = await resolveSettings(transport.env ?? {}, options.resolveSecret);
    const home = programs?.homeOf(mcpId);
    const asked = prepareLaunch({ command, args, env, cwd, ...(home !== undefined && { home }) }, options.launchRules);
    const launch = programs === undefined || home === undefined ? asked : programs.confine(asked, home);
    const redact = (text: string): string => blackOut(text, secrets);
    return () => new StdioWire({ launch, maxResultBytes, killGraceMs, running, redact, log: hooks.log, note });
  }
  const { values } = await resolveSettings(transport.headers ?? {}, options.resolveSecret);
  const headers = flatHeaders(values);
  if (transport.type === 'sse') {
    return () => new SseWire({ url: transport.url, agents, headers, maxResultBytes, note });
  }
  const endpoint = createHttpEndpoint(transport.url, agents);
  return () => new HttpWire({ endpoint, headers, maxResultBytes, note });
}
