import type { McpPolicy } from '../commands/mcps.ts';
import { prepareLaunch } from '../mcp/upstream/stdio-launch.ts';
import { UpstreamError } from '../ports/upstream.ts';

/**
 * Judges a program by the rules that hold when it is started, so that what could never be started is not registered.
 * Values of secrets are not known here; they are judged at the start.
 */
export function createLaunchRefusal(allow: readonly string[]): NonNullable<McpPolicy['launchRefusal']> {
  return ({ command, args = [], env = {}, cwd }) => {
    const values = Object.entries(env).map(([name, value]) => [name, typeof value === 'string' ? value : ''] as const);
    try {
      prepareLaunch({ command, args, env: Object.fromEntries(values), cwd }, { allow, environment: {} });
      return undefined;
    } catch (error) {
      if (error instanceof UpstreamError) return error.message;
      throw error;
    }
  };
}
