const PLAIN = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/**
 * A table, column or field name as SQL writes it. Names come from the program, never from a request, but one that
 * could mean anything else is refused all the same.
 * @throws TypeError
 */
export function identifier(name: string): string {
  if (!PLAIN.test(name)) throw new TypeError(`${JSON.stringify(name)} is not a plain name`);
  return `"${name}"`;
}

/** `CREATE INDEX` statements for lists of columns. */
export function indexStatements(table: string, indexes: readonly (readonly string[])[]): readonly string[] {
  return indexes.map((columns) => {
    const name = identifier(`${table}_by_${columns.join('_')}`.slice(0, 63));
    return `CREATE INDEX ${name} ON ${identifier(table)} (${columns.map(identifier).join(', ')})`;
  });
}
