import { DomainError } from '../domain/error.ts';
import { mcpDecider, versionOf, type McpCommand } from '../domain/mcp/decider.ts';
import type { McpDefinition, Offer, Transport } from '../domain/mcp/definition.ts';
import type { PackagePin } from '../domain/mcp/packages.ts';
import type { McpState, RegisteredMcp } from '../domain/mcp/state.ts';
import { reservationDecider } from '../domain/reservation/decider.ts';
import type { CommandContext } from './context.ts';
import { demand } from './denials.ts';
import type { CommandDeps } from './deps.ts';
import type { VaultDeps } from './keyring.ts';
import { loadMcp, presentMcp } from './load-mcp.ts';
import { demandName } from './mcp-access.ts';
import { parseDefinition } from './mcp-definition.ts';
import { mergePatch } from './merge-patch.ts';
import { mcpNameKey } from './name-keys.ts';
import { ownerOfName, reserveName } from './reservations.ts';
import { settleTransport } from './secrets/settle-transport.ts';
import { handle, transact, type Outcome } from './transaction.ts';

export { loadMcp } from './load-mcp.ts';

type StdioTransport = Extract<Transport, { type: 'stdio' }>;

/** The operator's rules about what may be registered. */
export interface McpPolicy {
  /** Names (or full paths) of the programs that a stdio transport may start: `ANNALS_STDIO_ALLOW`. */
  readonly stdioAllow: readonly string[];
  /** Why a program may not be started as a transport says (arguments, variables, directory); undefined when it may. */
  readonly launchRefusal?: (transport: StdioTransport) => string | undefined;
}

export interface McpDeps extends VaultDeps {
  readonly policy: McpPolicy;
}

/** Registers an mcp; its id is the command's. @throws DomainError `name_taken`, `permission_missing`, `command_not_allowed` */
export async function registerMcp(
  deps: McpDeps,
  context: CommandContext,
  definition: McpDefinition,
): Promise<Outcome<RegisteredMcp>> {
  const id = context.commandId;
  await demandName(deps, context, id, definition.name, true);
  await admit(deps, context, definition, id);
  const outcome = await transact(deps, context, async (transaction) => {
    await reserveName(deps, context, transaction, {
      key: mcpNameKey(deps, definition.name),
      owner: { decider: mcpDecider, id },
      name: definition.name,
      pointer: '/name',
    });
    const settled = await settleTransport(deps, context, definition.transport, { mcpId: id, mcpName: definition.name });
    await settled.keep(transaction);
    const { transport } = settled;
    return transaction.decide(mcpDecider, id, { type: 'RegisterMcp', definition: { ...definition, transport } });
  });
  return registeredOutcome(outcome);
}

/** Applies a JSON merge patch to the definition: a difference makes the next version. */
export async function changeMcp(
  deps: McpDeps,
  context: CommandContext,
  id: string,
  patch: Readonly<Record<string, unknown>>,
): Promise<Outcome<RegisteredMcp>> {
  const outcome = await transact(deps, context, async (transaction) => {
    const mcp = presentMcp(await transaction.load(mcpDecider, id));
    const asked = parseDefinition(mergePatch(targetOf(mcp.definition, patch), patch));
    if (asked.name !== mcp.definition.name) await demandName(deps, context, id, asked.name, false);
    if ('transport' in patch) await admit(deps, context, asked, id);
    const settling = { mcpId: id, mcpName: asked.name, current: mcp.definition.transport };
    const { transport, keep } = await settleTransport(deps, context, asked.transport, settling);
    const definition = { ...asked, transport };
    await keep(transaction);
    // First, so that a caller who saw an older revision is told so, and not that some name is taken.
    const changed = await transaction.decide(mcpDecider, id, { type: 'ChangeMcp', definition }, { conditional: true });
    const [key, oldKey] = [mcpNameKey(deps, definition.name), mcpNameKey(deps, mcp.definition.name)];
    if (key !== oldKey) {
      const owner = { decider: mcpDecider, id };
      await reserveName(deps, context, transaction, { key, owner, name: definition.name, pointer: '/name' });
      const release = { type: 'ReleaseName', owner: `mcp-${id}` } as const;
      await transaction.decide(reservationDecider, oldKey, release, { last: true });
    }
    return changed;
  });
  return registeredOutcome(outcome);
}

/**
 * What a patch is merged into. A transport of another type shares no meaning with the one that is there, so it takes its
 * place whole, and its caller need not null the fields of the old one.
 */
function targetOf(definition: McpDefinition, { transport }: Readonly<Record<string, unknown>>): Partial<McpDefinition> {
  const { transport: current, ...rest } = definition;
  const type = typeof transport === 'object' && transport !== null && 'type' in transport ? transport.type : undefined;
  return type === undefined || type === current.type ? definition : rest;
}

/** Makes the content of an older version the newest version. */
export async function rollBackMcp(
  deps: McpDeps,
  context: CommandContext,
  id: string,
  toVersion: number,
): Promise<Outcome<RegisteredMcp>> {
  const mcp = await loadMcp(deps, id);
  const { definition } = versionOf(mcp, toVersion);
  // What a version says never changes, so what is admitted here is what the decider will publish.
  await admit(deps, context, definition, id);
  const settling = { mcpId: id, mcpName: mcp.definition.name, current: mcp.definition.transport };
  const outcome = await transact(deps, context, async (transaction) => {
    const { transport, keep } = await settleTransport(deps, context, definition.transport, settling);
    await keep(transaction);
    const command = { type: 'RollBackMcp', toVersion, transport } as const;
    return transaction.decide(mcpDecider, id, command, { conditional: true });
  });
  return registeredOutcome(outcome);
}

/** Takes an mcp out of use; its name stays its own. */
export function retireMcp(deps: McpDeps, context: CommandContext, id: string): Promise<Outcome<RegisteredMcp>> {
  return onMcp(deps, context, id, { type: 'RetireMcp' });
}

/** Puts a retired mcp back to use. */
export async function restoreMcp(deps: McpDeps, context: CommandContext, id: string): Promise<Outcome<RegisteredMcp>> {
  const { definition } = await loadMcp(deps, id);
  await admit(deps, context, definition, id);
  return onMcp(deps, context, id, { type: 'RestoreMcp' });
}

/** Publishes what a server answered when somebody asked it. */
export function publishDiscoveredTools(
  deps: McpDeps,
  context: CommandContext,
  id: string,
  version: number,
  offer: Offer,
): Promise<Outcome<RegisteredMcp>> {
  return onMcp(deps, context, id, { type: 'PublishDiscoveredTools', version, offer });
}

export function reportFailedDiscovery(
  deps: McpDeps,
  context: CommandContext,
  id: string,
  failure: { readonly version: number; readonly code: string; readonly message: string },
): Promise<Outcome<RegisteredMcp>> {
  return onMcp(deps, context, id, { type: 'ReportFailedDiscovery', ...failure });
}

/** Keeps what stands behind the packages of a version; answers what is kept, which somebody else may have found first. */
export function pinPackages(
  deps: McpDeps,
  context: CommandContext,
  id: string,
  version: number,
  pin: PackagePin,
): Promise<Outcome<RegisteredMcp>> {
  return onMcp(deps, context, id, { type: 'PinPackages', version, pin });
}

/** Records that a server was seen to offer something else than its version says. */
export function detectDrift(
  deps: McpDeps,
  context: CommandContext,
  id: string,
  version: number,
  offer: Offer,
): Promise<Outcome<RegisteredMcp>> {
  return onMcp(deps, context, id, { type: 'DetectDrift', version, offer });
}

/** Id of the mcp with this name, whatever its case; undefined when there is none. */
export async function mcpIdByName(deps: CommandDeps, name: string): Promise<string | undefined> {
  return (await ownerOfName(deps, mcpNameKey(deps, name)))?.slice('mcp-'.length);
}

async function onMcp(
  deps: McpDeps,
  context: CommandContext,
  id: string,
  command: McpCommand,
): Promise<Outcome<RegisteredMcp>> {
  return registeredOutcome(await handle(deps, context, mcpDecider, id, command, { conditional: true }));
}

/** What would start a program needs a permission of its own, and a program that the operator allows. */
async function admit(
  deps: McpDeps,
  context: CommandContext,
  { name, transport }: McpDefinition,
  id: string,
): Promise<void> {
  if (transport.type !== 'stdio') return;
  const mcp = { id, name, owner: null };
  await demand(deps, context, 'mcp:register-command', `mcp-${id}`, { kind: 'mcp', mcp });
  const { stdioAllow, launchRefusal } = deps.policy;
  if (!stdioAllow.includes(transport.command)) {
    throw new DomainError('invalid', 'command_not_allowed', `${transport.command} is not an allowed command`, [
      {
        pointer: '/transport/command',
        detail: `must be one of ${stdioAllow.join(', ')} (the operator's ANNALS_STDIO_ALLOW)`,
      },
    ]);
  }
  const refusal = launchRefusal?.(transport);
  if (refusal !== undefined) {
    throw new DomainError('invalid', 'launch_not_allowed', refusal, [{ pointer: '/transport', detail: refusal }]);
  }
}

function registeredOutcome(outcome: Outcome<McpState>): Outcome<RegisteredMcp> {
  return { ...outcome, state: presentMcp(outcome.state) };
}
