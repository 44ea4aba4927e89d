import type { NamedDefinition, Offer } from '../definition.ts';
import { canonicalText } from './canonical-json.ts';
import { byCodeUnits } from './json.ts';
import type { Place } from './place.ts';

/** Names of tools, each list sorted. */
export interface OfferChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/**
 * The one text of an offer, to be hashed as its fingerprint: the order in which the server lists things, the order of
 * members and the order inside sets (`required`, `enum`, `type`) leave no trace; any other difference does, a second
 * definition under the same name included.
 */
export function canonicalOffer(offer: Offer): string {
  const list = (definitions: readonly NamedDefinition[], place: Place) =>
    `[${definitions
      .map((definition) => canonicalText(definition, place))
      .sort(byCodeUnits)
      .join(',')}]`;
  return (
    `{"prompts":${list(offer.prompts, 'data')},"resourceTemplates":${list(offer.resourceTemplates, 'data')},` +
    `"resources":${list(offer.resources, 'data')},"server":${canonicalText(offer.server, 'data')},` +
    `"tools":${list(offer.tools, 'tool')}}`
  );
}

/** Whether two offers are the same to a caller. True exactly when their canonical texts are equal. */
export function sameOffer(a: Offer, b: Offer): boolean {
  return a === b || canonicalOffer(a) === canonicalOffer(b);
}

/** Which tools differ. Offers may differ without any (in a prompt, a resource, the server's own version). */
export function offerChanges(before: Offer | null, after: Offer | null): OfferChanges {
  const [old, current] = [byName(before?.tools ?? [], 'tool'), byName(after?.tools ?? [], 'tool')];
  const text = (tools: readonly NamedDefinition[]) => tools.map((tool) => canonicalText(tool, 'tool')).join(',');
  return {
    added: [...current.keys()].filter((name) => !old.has(name)).sort(byCodeUnits),
    removed: [...old.keys()].filter((name) => !current.has(name)).sort(byCodeUnits),
    changed: [...old]
      .filter(([name, tools]) => current.has(name) && text(tools) !== text(current.get(name) ?? []))
      .map(([name]) => name)
      .sort(byCodeUnits),
  };
}

/**
 * Definitions under their names. A name stands for one definition; where a server gives it to several, they are all
 * kept, in an order that does not depend on the server's.
 */
export function byName<Definition extends NamedDefinition>(
  definitions: readonly Definition[],
  place: Place,
): Map<string, readonly Definition[]> {
  const named = new Map<string, Definition[]>();
  for (const definition of definitions) {
    const namesakes = named.get(definition.name);
    if (namesakes) namesakes.push(definition);
    else named.set(definition.name, [definition]);
  }
  for (const namesakes of named.values()) {
    if (namesakes.length > 1) {
      namesakes.sort((a, b) => byCodeUnits(canonicalText(a, place), canonicalText(b, place)));
    }
  }
  return named;
}
