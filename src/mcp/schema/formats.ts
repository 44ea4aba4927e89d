import { fullFormats } from 'ajv-formats/dist/formats.js';
import type { Format } from 'ajv';

/** Characters up to which a pattern of the formats is tried: those for URLs and addresses take quadratic time. */
const MAX_CHECKED = 2048;

/** Formats whose values can be longer than that, and what judges them then. */
const LONG: Readonly<Record<string, (text: string) => boolean>> = {
  uri: (text) => URL.canParse(text),
  url: (text) => URL.canParse(text),
  'uri-reference': (text) => URL.canParse(text, 'http://localhost'),
  'json-pointer': () => true,
  byte: (text) => text.length % 4 === 0 && !/[^A-Za-z0-9+/=]/.test(text),
};

/** The formats of JSON Schema and OpenAPI, each in bounded time. */
export const formats: Readonly<Record<string, Format>> = Object.fromEntries(
  Object.entries(fullFormats).map(([name, format]) => [name, bounded(name, format)]),
);

function bounded(name: string, format: Format): Format {
  const check = checkOf(format);
  if (check === undefined) return format;
  return (text: string) => (text.length > MAX_CHECKED ? (LONG[name]?.(text) ?? false) : check(text));
}

/** The check of a format of strings; undefined for those of numbers, and those that let everything pass. */
function checkOf(format: Format): ((text: string) => boolean) | undefined {
  if (typeof format === 'object' && 'type' in format && format.type === 'number') return undefined;
  const validate: unknown = typeof format === 'object' && 'validate' in format ? format.validate : format;
  if (validate instanceof RegExp) return (text) => validate.test(text);
  return typeof validate === 'function' ? (validate as (text: string) => boolean) : undefined;
}
