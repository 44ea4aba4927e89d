import type { McpPolicy } from '../commands/mcps.ts';
import type { Config } from '../config.ts';
import { prepareLaunch } from '../mcp/upstream/stdio-launch.ts';
import { UpstreamError } from '../ports/upstream.ts';

/**
 * Judges a program by the rules that hold when it is started, so that what could never be started is not registered.
 * Values of secrets are not known here; they are judged at the start.
 */
export function createLaunchRefusal({
  stdioAllow: allow,
  stdioUnpinned,
}: Pick<Config, 'stdioAllow' | 'stdioUnpinned'>): NonNullable<McpPolicy['launchRefusal']> {
  const rules = { allow, environment: {}, pinned: stdioUnpinned === 'refuse' };
  return ({ command, args = [], env = {}, cwd }) => {
    const values = Object.entries(env).map(([name, value]) => [name, typeof value === 'string' ? value : ''] as const);
    try {
      prepareLaunch({ command, args, env: Object.fromEntries(values), cwd }, rules);
      return undefined;
    } catch (error) {
      if (error instanceof UpstreamError) return error.message;
      throw error;
    }
  };
}
