import type { ToolDefinition } from '../../domain/mcp/definition.ts';
import type { Change } from '../../domain/mcp/diff/changes.ts';
import { UpstreamError } from '../../ports/upstream.ts';
import type { Admit, Connection } from './connection.ts';
import { listTools } from './discovery.ts';
import { shorten } from './json.ts';
import type { Differences } from './live-tools.ts';
import { waitFor } from './wait-for.ts';

/** Milliseconds for a server to list its tools. */
const LIST_MS = 30_000;
/** Differences that a refusal names; all of them stand in the event. */
const MAX_NAMED = 5;

/**
 * Lets a call pass where the server says of its tool what the version says. That costs a question on connecting and after each
 * announcement of a change, and nothing else.
 * @param onCompared told of each comparison that is new
 */
export function admitCall(
  connection: Connection,
  tool: string,
  approved: readonly ToolDefinition[],
  onCompared: (differences: Differences) => void,
): Admit {
  return async (session, options) => {
    const { tools, capabilities } = session;
    const ask = () => listTools(capabilities, connection.askOn(session, LIST_MS));
    const differences =
      tools.known(approved) ??
      (await waitFor(tools.differencesFrom(approved, ask, onCompared), options, 'listing the tools'));
    const changes = differences.get(tool);
    if (changes !== undefined) throw quarantined(tool, connection.target.version, changes);
  };
}

function quarantined(tool: string, version: number, changes: readonly Change[]): UpstreamError {
  const what = changes.slice(0, MAX_NAMED).map(({ op, pointer }) => `${op} ${shorten(pointer, 200)}`);
  const more = changes.length > MAX_NAMED ? ` and ${changes.length - MAX_NAMED} more` : '';
  return new UpstreamError(
    'tool_quarantined',
    `the server says of ${JSON.stringify(shorten(tool, 100))} something else than version ${version} does ` +
      `(${what.join(', ')}${more}): it is in quarantine until somebody who may change the mcp has it discovered anew`,
  );
}
