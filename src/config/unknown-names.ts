import type { ConfigProblem } from './config-error.ts';

/** What Kubernetes puts into every container beside a service that is called "annals". Not settings, and not mistakes. */
const serviceLink = /^ANNALS_(SERVICE_(HOST|PORT)\w*|PORT_\d+_(TCP|UDP)\w*)$/;

/** Where tests find the engines that they run against: whoever has set them may start the product beside them. */
const ofTests = /^ANNALS_TEST_/;

/** How many single-letter changes lead from one word to the other (Levenshtein distance). */
function distance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...left].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...right].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const bare = (text: string): string => text.replace(/^ANNALS_/, '').replace(/_/g, '');
  const ranked = known
    .map((candidate) => ({ candidate, steps: distance(bare(name), bare(candidate)) }))
    .sort((left, right) => left.steps - right.steps);
  const best = ranked[0];
  return best && best.steps <= Math.max(2, Math.floor(bare(name).length / 3)) ? best.candidate : undefined;
}

/** Names that begin like a setting of this product and are none: most often a slip that would otherwise go unseen. */
export function problemsOfUnknownNames(
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): readonly ConfigProblem[] {
  return Object.keys(env)
    .filter((name) => /^ANNALS_/i.test(name) && !known.includes(name) && !serviceLink.test(name) && !ofTests.test(name))
    .filter((name) => !(name === 'ANNALS_PORT' && env[name]?.startsWith('tcp://')))
    .map((name) => {
      const guess = nearest(name.toUpperCase(), known);
      return { name, detail: `is no setting of this release${guess === undefined ? '' : `; did you mean ${guess}?`}` };
    });
}
