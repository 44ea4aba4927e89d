import { HttpProblem } from '../problem/http-problem.ts';
import { pointerOf } from '../problem/pointer.ts';

const maxDepth = 64;
const maxValues = 50_000;

interface Walk {
  values: number;
  readonly path: string[];
}

/**
 * Refuses JSON that is nested too deeply or holds too many values to be worth looking at, and the key `__proto__`, which
 * no program sends in good faith.
 */
export function checkShape(body: unknown): void {
  visit(body, { values: 0, path: [] });
}

function visit(value: unknown, walk: Walk): void {
  if (++walk.values > maxValues) {
    throw new HttpProblem(400, 'body_too_complex', `the body holds more than ${maxValues} values`);
  }
  if (typeof value !== 'object' || value === null) return;
  if (walk.path.length >= maxDepth) {
    throw new HttpProblem(400, 'body_too_deep', `the body is nested more than ${maxDepth} levels deep`);
  }
  for (const [key, member] of Object.entries(value)) {
    walk.path.push(key);
    if (key === '__proto__') {
      const faults = [{ pointer: pointerOf(walk.path), detail: 'is not an allowed name' }];
      throw new HttpProblem(422, 'invalid_input', 'the body holds the key __proto__', { faults });
    }
    visit(member, walk);
    walk.path.pop();
  }
}
