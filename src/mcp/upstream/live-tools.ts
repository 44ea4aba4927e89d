import type { ToolDefinition } from '../../domain/mcp/definition.ts';
import type { Change } from '../../domain/mcp/diff/changes.ts';
import { protocolError } from './multiplexer.ts';

/** What differs between the tools that a version has and those that its server has now, by name. */
export type Differences = ReadonlyMap<string, readonly Change[]>;

/** Finds the tools that are not the same in two lists. */
export type CompareTools = (before: readonly ToolDefinition[], after: readonly ToolDefinition[]) => Differences;

/** A server that announces a change with every list it gives is not followed for ever. */
const MAX_LISTS = 5;

/**
 * What the server of one session says that its tools are: asked when it has to be known, and kept until the server says that
 * it has changed.
 */
export class LiveTools {
  #tools: readonly ToolDefinition[] | undefined;
  #asking: Promise<readonly ToolDefinition[]> | undefined;
  #comparison: { readonly approved: readonly ToolDefinition[]; readonly differences: Differences } | undefined;
  readonly #compare: CompareTools;
  /** Rises with each announcement of a change. */
  generation = 0;

  constructor(compare: CompareTools) {
    this.#compare = compare;
  }

  /** What was read before counts no more. */
  changed(): void {
    this.generation++;
    this.#tools = undefined;
    this.#asking = undefined;
    this.#comparison = undefined;
  }

  /** Keeps a list that was asked for otherwise, unless it was announced to have changed since `generation`. */
  learn(tools: readonly ToolDefinition[], generation: number): void {
    if (generation === this.generation) this.#tools = tools;
  }

  /** How the tools differ from these, where that was found out already. */
  known(approved: readonly ToolDefinition[]): Differences | undefined {
    return this.#comparison?.approved === approved ? this.#comparison.differences : undefined;
  }

  /**
   * How the tools differ from those that a version has.
   * @param ask reads the list of tools
   * @param onCompared told of each comparison that is new
   * @throws what `ask` throws; UpstreamError `upstream_protocol_error` the list changes faster than it can be read
   */
  async differencesFrom(
    approved: readonly ToolDefinition[],
    ask: () => Promise<readonly ToolDefinition[]>,
    onCompared: (differences: Differences) => void,
  ): Promise<Differences> {
    const known = this.known(approved);
    if (known !== undefined) return known;
    const tools = this.#tools ?? (await this.#read(ask));
    const differences = this.#compare(approved, tools);
    this.#comparison = { approved, differences };
    onCompared(differences);
    return differences;
  }

  async #read(ask: () => Promise<readonly ToolDefinition[]>): Promise<readonly ToolDefinition[]> {
    for (let lists = 0; lists < MAX_LISTS; lists++) {
      const { generation } = this;
      this.#asking ??= ask();
      const asking = this.#asking;
      try {
        const tools = await asking;
        this.learn(tools, generation);
        if (generation === this.generation) return tools;
      } finally {
        if (this.#asking === asking) this.#asking = undefined;
      }
    }
    throw protocolError('its tools change faster than they can be listed');
  }
}
