import { isSilent } from '../keywords.ts';
import { ARRAY, OBJECT, STRING } from '../kinds.ts';
import type { Dialect } from '../node.ts';
import { elementsRule, uniqueItemsRule } from './array-rules.ts';
import { countRule, rangeRule } from './bound-rules.ts';
import { alternativesRule, conditionRule, dependencyRule, notRule } from './combining-rules.ts';
import { propertiesRule, propertyNamesRule, requiredRule } from './object-rules.ts';
import { opaqueRule, referenceRule, unevaluatedPropertiesRule } from './opaque-rules.ts';
import type { Rule } from './rule.ts';
import { multipleOfRule, textRule, typeRule, valuesRule } from './value-rules.ts';

export interface Entry {
  readonly rule: Rule;
  /** Keywords that have one meaning together: schemas that agree in all of them agree in it. */
  readonly group: readonly string[];
}

function entry(rule: Rule, group: readonly string[]): Entry {
  return { rule, group };
}

const properties = entry(propertiesRule, ['properties', 'patternProperties', 'additionalProperties']);
const elements = entry(elementsRule, ['items', 'prefixItems', 'additionalItems']);

const entries: ReadonlyMap<string, Entry> = new Map([
  ['type', entry(typeRule, ['type', 'nullable'])],
  ['enum', entry(valuesRule('enum'), ['enum'])],
  ['const', entry(valuesRule('const'), ['const'])],
  ['minimum', entry(rangeRule('minimum', 'lower', false), ['minimum'])],
  ['exclusiveMinimum', entry(rangeRule('exclusiveMinimum', 'lower', true), ['exclusiveMinimum'])],
  ['maximum', entry(rangeRule('maximum', 'upper', false), ['maximum'])],
  ['exclusiveMaximum', entry(rangeRule('exclusiveMaximum', 'upper', true), ['exclusiveMaximum'])],
  ['multipleOf', entry(multipleOfRule, ['multipleOf'])],
  ['minLength', entry(countRule('minLength', 'lower', STRING), ['minLength'])],
  ['maxLength', entry(countRule('maxLength', 'upper', STRING), ['maxLength'])],
  ['pattern', entry(textRule('pattern'), ['pattern'])],
  ['format', entry(textRule('format'), ['format'])],
  ['minItems', entry(countRule('minItems', 'lower', ARRAY), ['minItems'])],
  ['maxItems', entry(countRule('maxItems', 'upper', ARRAY), ['maxItems'])],
  ['uniqueItems', entry(uniqueItemsRule, ['uniqueItems'])],
  ['items', elements],
  ['prefixItems', elements],
  ['additionalItems', elements],
  ['contains', entry(opaqueRule('contains'), ['contains', 'minContains', 'maxContains'])],
  ['minProperties', entry(countRule('minProperties', 'lower', OBJECT), ['minProperties'])],
  ['maxProperties', entry(countRule('maxProperties', 'upper', OBJECT), ['maxProperties'])],
  ['required', entry(requiredRule, ['required'])],
  ['properties', properties],
  ['patternProperties', properties],
  ['additionalProperties', properties],
  ['unevaluatedProperties', entry(unevaluatedPropertiesRule, [])],
  ['propertyNames', entry(propertyNamesRule, ['propertyNames'])],
  ['dependentRequired', entry(dependencyRule('dependentRequired'), ['dependentRequired'])],
  ['dependentSchemas', entry(dependencyRule('dependentSchemas'), ['dependentSchemas'])],
  ['dependencies', entry(dependencyRule('dependencies'), ['dependencies'])],
  ['anyOf', entry(alternativesRule('anyOf'), ['anyOf'])],
  ['oneOf', entry(alternativesRule('oneOf'), ['oneOf'])],
  ['not', entry(notRule, ['not'])],
  ['if', entry(conditionRule, ['if', 'then', 'else'])],
  ['$ref', entry(referenceRule, [])],
  // What depends on the rest of the schema is never the same on its own.
  ['unevaluatedItems', entry(opaqueRule('unevaluatedItems'), [])],
]);

/** Keywords that other keywords read, and `allOf`, whose parts are goals of their own. */
const readElsewhere = new Set(['allOf', 'else', 'maxContains', 'minContains', 'nullable', 'then']);

/** Keywords that the dialect does not know; a validator may ignore them or not. */
const foreign: Readonly<Record<Dialect, ReadonlySet<string>>> = {
  '2020-12': new Set(['$recursiveRef', 'additionalItems', 'dependencies']),
  '2019-09': new Set(['$dynamicRef', 'dependencies', 'prefixItems']),
  'draft-07': new Set([
    'dependentRequired',
    'dependentSchemas',
    'prefixItems',
    'unevaluatedItems',
    'unevaluatedProperties',
  ]),
  unknown: new Set(),
};

/**
 * How a keyword is compared; undefined when it refuses no value by itself. A keyword that is not known may refuse any:
 * only the same text is the same.
 */
export function entryOf(keyword: string, dialect: Dialect): Entry | undefined {
  if (isSilent(keyword) || readElsewhere.has(keyword)) return undefined;
  const known = foreign[dialect].has(keyword) ? undefined : entries.get(keyword);
  return known ?? entry(opaqueRule(keyword), [keyword]);
}
