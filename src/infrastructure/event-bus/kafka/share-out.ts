/** A process of a group: what it can do, and what it did until now. */
export interface Member {
  readonly id: string;
  readonly able: readonly string[];
  readonly owned: readonly string[];
}

/**
 * Who does what: everything that somebody is able to do is given to one member, spread evenly, and as much as possible
 * stays where it was. The same members give the same result, in whatever order they are named.
 */
export function shareOut(members: readonly Member[]): ReadonlyMap<string, readonly string[]> {
  const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const names = [...new Set(sorted.flatMap(({ able }) => able))].toSorted();
  const shares = new Map(sorted.map(({ id }) => [id, [] as string[]]));
  const most = Math.ceil(names.length / Math.max(1, sorted.length));
  const load = ({ id }: Member): number => shares.get(id)?.length ?? 0;

  const homeless = names.filter((name) => {
    const owner = sorted.find((member) => member.able.includes(name) && member.owned.includes(name));
    if (owner === undefined || load(owner) >= most) return true;
    shares.get(owner.id)?.push(name);
    return false;
  });
  for (const name of homeless) {
    const [freest] = sorted.filter(({ able }) => able.includes(name)).toSorted((a, b) => load(a) - load(b));
    if (freest !== undefined) shares.get(freest.id)?.push(name);
  }
  levelOut(sorted, shares);
  return shares;
}

/** Moves names from the fullest to the emptiest until nobody has two more than another who could do it. */
function levelOut(members: readonly Member[], shares: ReadonlyMap<string, string[]>): void {
  for (;;) {
    const move = members
      .flatMap((from) =>
        members.map((to) => ({ from: shares.get(from.id) ?? [], to: shares.get(to.id) ?? [], able: to.able })),
      )
      .filter(({ from, to }) => from.length - to.length >= 2)
      .map(({ from, to, able }) => ({ from, to, name: from.findLast((name) => able.includes(name)) }))
      .find(({ name }) => name !== undefined);
    if (move?.name === undefined) return;
    move.from.splice(move.from.lastIndexOf(move.name), 1);
    move.to.push(move.name);
  }
}
