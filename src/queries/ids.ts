const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** The id as streams write it; undefined when the text is not an id. */
export function asUuid(text: string): string | undefined {
  return uuid.test(text) ? text.toLowerCase() : undefined;
}
