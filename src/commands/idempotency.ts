import { v7 as uuidv7 } from 'uuid';
import { derivedId } from './derived-id.ts';
import { credentialOf } from '../domain/access/principal.ts';
import { canonicalJson } from '../domain/mcp/diff/canonical-json.ts';
import { idempotencyDecider, type RecordedAnswer } from '../domain/idempotency/decider.ts';
import { following, type CommandContext } from './context.ts';
import type { CommandDeps } from './deps.ts';
import { handle } from './transaction.ts';
import { findUser } from './users.ts';

export type Claim =
  /** The request is new, or the process that worked on it is gone: run it as this command. */
  | {
      readonly status: 'claimed';
      readonly commandId: string;
      /** Keeps the answer for the next one who asks. */
      readonly answer: (answer: RecordedAnswer) => Promise<void>;
      /** Lets the next one who asks try again: there is no answer worth keeping. */
      readonly release: () => void;
    }
  | { readonly status: 'answered'; readonly answer: RecordedAnswer }
  /** It was answered, and the answer told of a user who is erased. */
  | { readonly status: 'erased' };

export interface IdempotencyKeys {
  /**
   * Claims a key for a request of a principal.
   * @param text whatever makes the request the same: method, path, body
   * @throws DomainError `idempotency_key_reused` for another request; `request_in_progress`
   */
  claim(context: CommandContext, key: string, text: string): Promise<Claim>;
}

/** Idempotency keys of all principals, kept in the log, so that they outlive the process. */
export function createIdempotencyKeys(deps: CommandDeps): IdempotencyKeys {
  /** The claims that this process works on. */
  const running = new Set<string>();
  return {
    async claim(request, key, text) {
      const context = withoutAddress(request);
      const id = deps.keyedHash(`idempotency-key:${credentialOf(context.principal)}:${key}`);
      const claimant = uuidv7();
      const stop = () => void running.delete(claimant);
      // Before the claim stands in the log: whoever finds it there must find it running.
      running.add(claimant);
      try {
        const { state } = await handle(
          deps,
          following(context, derivedId('claim', context.commandId)),
          idempotencyDecider,
          id,
          {
            type: 'ClaimKey',
            requestHash: deps.keyedHash(`request:${text}`),
            commandId: context.commandId,
            claimant,
            // Only this process appends: a claim that is not among the running ones has lost its worker.
            abandoned: (other) => !running.has(other),
          },
        );
        if (state.status === 'unused') throw new Error('a claimed key cannot be unused');
        if (state.status === 'answered') {
          stop();
          const { answer } = state;
          return (await isErased(deps, answer)) ? { status: 'erased' } : { status: 'answered', answer };
        }
        return {
          status: 'claimed',
          commandId: state.commandId,
          release: stop,
          answer: async (answer) => {
            const commandId = derivedId('answer', context.commandId);
            const record = { type: 'RecordAnswer', answer } as const;
            try {
              await handle(deps, following(context, commandId), idempotencyDecider, id, record);
            } finally {
              // An answer that could not be kept is found anew by the next one who asks, as the same command.
              stop();
            }
          },
        };
      } catch (error) {
        stop();
        throw error;
      }
    },
  };
}

/** From where somebody came stands with what the request did; to keep book of it, nobody needs it. */
function withoutAddress({ remoteAddress: _address, ...context }: CommandContext): CommandContext {
  return context;
}

/** What was read before the key of the person was gone may be remembered still: the user himself is asked as well. */
async function isErased(deps: CommandDeps, { about, body }: RecordedAnswer): Promise<boolean> {
  if (about === undefined) return false;
  // What could not be opened is a text in its place.
  return typeof body === 'string' || (await findUser(deps, about)) === undefined;
}

/** What makes a request the same: two bodies that mean the same are, whatever the order of their fields. */
export function requestText(method: string, path: string, body: unknown): string {
  return `${method} ${path} ${body === undefined ? '' : canonicalJson(body)}`;
}
