import { createSchemaValidator } from '../../src/mcp/schema/schema-validator.ts';
import { fastestOf } from './fastest-of.ts';
import { figure, type BenchRow } from './row.ts';

const checks = 20_000;
const runs = 10;

/** What checking a call's arguments costs, against reading them from the request's JSON. */
export async function benchSchemaCheck(): Promise<readonly BenchRow[]> {
  const validator = createSchemaValidator();
  const schema = makeSchema();
  const text = JSON.stringify({ query: 'annual report', limit: 20, sort: 'date' });
  const value: unknown = JSON.parse(text);
  if (validator.validate(schema, value).length > 0) throw new Error('the arguments were to fit');
  const repeat = (work: () => unknown) => () => {
    for (let n = 0; n < checks; n++) work();
  };
  const floor =
    fastestOf(
      runs,
      repeat(() => JSON.parse(text) as unknown),
    ) / checks;
  const row = (what: string, most: number, work: () => unknown): BenchRow => {
    const time = fastestOf(runs, repeat(work)) / checks;
    return {
      what,
      value: `${figure(time * 1000)} µs`,
      floor: `${figure(floor * 1000)} µs to read them as JSON`,
      ratio: figure(time / floor),
      goal: `≤ ${most}`,
      met: time / floor <= most,
    };
  };
  return [
    row('arguments checked by a schema that is in use', 1, () => validator.validate(schema, value)),
    row('the same, the schema known by its content only', 15, () => validator.validate(makeSchema(), value)),
  ];
}

function makeSchema(): Readonly<Record<string, unknown>> {
  return {
    type: 'object',
    properties: {
      query: { type: 'string', minLength: 1 },
      limit: { type: 'integer', minimum: 1, maximum: 100 },
      sort: { enum: ['date', 'relevance'] },
    },
    required: ['query'],
    additionalProperties: false,
  };
}
