import { v7 as uuidv7 } from 'uuid';
import { DomainError, type InputFault } from '../../domain/error.ts';
import { following, type CommandContext } from '../context.ts';
import { parseDefinition } from '../mcp-definition.ts';
import { registerMcp, type McpDeps } from '../mcps.ts';
import type { ImportEntry } from './import-entry.ts';
import { parseImport } from './parse.ts';

export interface ImportedMcp {
  /** As the file has it. */
  readonly source: string;
  readonly name: string | null;
  readonly status: 'registered' | 'exists' | 'skipped' | 'failed';
  readonly id: string | null;
  readonly reason: string | null;
  readonly errors: readonly InputFault[];
}

/**
 * Registers every server of a configuration file, each by a command of its own: one that is refused does not keep the
 * others out. A name that is taken is left as it is.
 * @param found told how many there are before the first is registered; what it throws ends the import
 * @throws DomainError `unknown_import_format`
 */
export async function importMcps(
  deps: McpDeps,
  context: CommandContext,
  document: unknown,
  found: (count: number) => Promise<void> = () => Promise.resolve(),
): Promise<readonly ImportedMcp[]> {
  const items: ImportedMcp[] = [];
  const entries = parseImport(document);
  await found(entries.length);
  for (const entry of entries) items.push(await importOne(deps, context, entry));
  return items;
}

async function importOne(deps: McpDeps, context: CommandContext, entry: ImportEntry): Promise<ImportedMcp> {
  const { source } = entry;
  const nothing = { source, name: null, id: null, reason: null, errors: [] };
  if (!entry.definition) return { ...nothing, status: 'skipped', reason: entry.skipped ?? null };
  const id = uuidv7();
  try {
    const definition = parseDefinition(entry.definition);
    await registerMcp(deps, following(context, id), definition);
    return { ...nothing, status: 'registered', id, name: definition.name };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const status = error.code === 'name_taken' ? 'exists' : 'failed';
    return { ...nothing, status, reason: error.message, errors: error.faults };
  }
}
