import type { McpDefinition, Transport } from '../../domain/mcp/definition.ts';
import type { AnnalsEvent } from '../../domain/registry.ts';
import type { RecordedEvent } from '../../ports/event-store.ts';
import { recognise, type Recorded } from '../folding/recorded.ts';
import { createWords, type Words } from '../folding/words.ts';

/** UTF-16 units of text for one entry. Each is indexed while calls run, so it tells what matters and no more. */
const room = 512;

/** Of these, what a call was given may take; the whole of it is found by searching executions. */
const roomForArguments = 256;

/**
 * They come with every call, login or write, and say nothing that the keyword fields of their entry do not say: they
 * are found by those.
 */
const silent: ReadonlySet<string> = new Set<AnnalsEvent['type']>([
  'ExecutionStarted',
  'ExecutionSucceeded',
  'SessionRefreshed',
  'NameReserved',
  'NameReleased',
  'NameClaimWithdrawn',
  'IdempotencyKeyClaimed',
  'IdempotencyKeyAnswered',
]);

const describedTypes = [
  'McpRegistered',
  'McpVersionPublished',
  'ToolsDiscovered',
  'ToolDiscoveryFailed',
  'ToolDefinitionDrifted',
  'PackagesPinned',
  'ExecutionRequested',
  'ExecutionFailed',
  'ExecutionCancelled',
  'UserRegistered',
  'UserRolesChanged',
  'LoginFailed',
  'SessionEnded',
  'ProjectionRebuildFailed',
  'AccessDenied',
  'AuditRead',
] as const satisfies readonly AnnalsEvent['type'][];
type Described = Extract<AnnalsEvent, { type: (typeof describedTypes)[number] }>;
const isDescribed = recognise<Described>(describedTypes);

/** The text by which an event is found, null when its keyword fields say all there is. */
export function auditText(event: RecordedEvent): string | null {
  if (silent.has(event.type)) return null;
  const words = createWords(room)
    .add(event.type)
    .add(event.type.replace(/(?<=[a-z])(?=[A-Z])/g, ' '));
  if (isDescribed(event)) describe(words, event);
  if (event.metadata.reason !== undefined) words.add(event.metadata.reason);
  return words.toString();
}

/**
 * Only what is named here is said of an event: a field that is added to one later, or an event of a type unknown here,
 * cannot put a secret into the search index.
 */
function describe(words: Words, { type, data }: Recorded<Described>): Words {
  switch (type) {
    case 'McpRegistered':
      return addDefinition(words, data.definition);
    case 'McpVersionPublished':
      return addDefinition(words.add(`version ${data.version} ${data.reason}`), data.definition);
    case 'ToolsDiscovered':
      return words.addJson(data.offer.tools.map(({ name }) => name));
    case 'ToolDiscoveryFailed':
      return words.add(`${data.code} ${data.message}`);
    case 'ToolDefinitionDrifted':
      return words.addJson({ added: data.added, removed: data.removed, changed: data.changed });
    case 'PackagesPinned':
      return words.addJson(data.pin.packages);
    case 'ExecutionRequested': {
      const given = createWords(roomForArguments).addJson(data.arguments);
      return words.add(`${data.tool} ${data.mcpName}`).add(given.toString());
    }
    case 'ExecutionFailed':
      return words.add(`${data.error.code} ${data.error.message}`);
    case 'ExecutionCancelled':
      return words.add(data.cancelledBy);
    case 'UserRegistered':
    case 'UserRolesChanged':
      // Not who it is: what stands in an index of words cannot be forgotten with the person.
      return words.addJson(data.roles);
    case 'LoginFailed':
    case 'SessionEnded':
      return words.add(data.reason);
    case 'ProjectionRebuildFailed':
      return words.add(data.message);
    case 'AccessDenied':
      return words.add(`${data.action} ${data.resource} ${data.reason}`);
    case 'AuditRead':
      // What was looked for is left out: whoever looks for it again would find only that it was looked for.
      return words.add(data.what);
  }
}

function addDefinition(words: Words, { name, tags, transport, description }: McpDefinition): Words {
  return words
    .add(name)
    .addJson(tags)
    .add(`${transport.type} ${address(transport)}`)
    .add(description);
}

/** Where a server is, without what may hold a secret: arguments, variables, headers, the query of an address. */
function address(transport: Transport): string {
  if (transport.type === 'stdio') return transport.command;
  return transport.url.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//');
}
