/** What a command printed as JSON. */
export function jsonOf<Value>(text: string): Value {
  return JSON.parse(text) as Value;
}

/** What a command printed as JSON lines. */
export function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => (line === '' ? [] : [jsonOf<Record<string, unknown>>(line)]));
}
