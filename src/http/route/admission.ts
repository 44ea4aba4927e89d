import { demand, recordDenial } from '../../commands/denials.ts';
import type { CommandDeps } from '../../commands/deps.ts';
import { demandOnMcp } from '../../commands/mcp-access.ts';
import { anything, everything } from '../../domain/access/resource.ts';
import { DomainError } from '../../domain/error.ts';
import { resolveMcpId } from '../routes/mcp-id.ts';
import type { Pipeline } from './serve.ts';

/** Decides on requests of those who may not do with everything what a route does. Denials are recorded. */
export function createAdmission(commands: CommandDeps): Pipeline['admit'] {
  return async ({ path }, { permission, on, session }, context) => {
    const { request, principal } = context;
    const command = context.command();
    const named = `${request.method} ${request.path}`;
    if (session && principal.sessionId === null) {
      const reason = 'needs a session of the user';
      await recordDenial(commands, command, permission, named, reason);
      throw new DomainError('forbidden', 'session_required', 'this needs a login: an API key cannot do it');
    }
    if (on !== 'mcp') return demand(commands, command, permission, named, on === 'some' ? anything : everything);
    // Who may do this with nothing at all is told so, whatever he named.
    await demand(commands, command, permission, named, anything);
    const { id } = request.params;
    if (typeof id !== 'string') throw new Error(`${path} names no mcp`);
    const mcpId = await resolveMcpId(commands, id);
    await demandOnMcp(commands, command, permission, mcpId, named);
    // What was decided on is what is answered: a name may have been another mcp's at the time that is asked about.
    request.params['id'] = mcpId;
  };
}
