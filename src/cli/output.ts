/** Prints a table with aligned columns, or a line that says that there is nothing. */
export function printTable(rows: readonly (readonly string[])[], header: readonly string[], empty: string): void {
  if (rows.length === 0) {
    console.log(empty);
    return;
  }
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of [header, ...rows]) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}

/** A line that is written over on a terminal; elsewhere one line for each tenth, so that logs stay short. */
export function createProgress(label: string) {
  let lastTenth = -1;
  return {
    show(done: number, total: number, note: string): void {
      const share = total === 0 ? 1 : done / total;
      const text = `${label} ${bar(share)} ${Math.floor(share * 100)} %  ${note}`;
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
      else if (Math.floor(share * 10) > lastTenth) process.stderr.write(`${text}\n`);
      lastTenth = Math.max(lastTenth, Math.floor(share * 10));
    },
    end(): void {
      if (process.stderr.isTTY) process.stderr.write('\n');
    },
  };
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * 20);
  return `[${'#'.repeat(full)}${'.'.repeat(20 - full)}]`;
}

/** Ends the command with its reader: one that has seen enough (`| head`) closes the pipe, and nothing has failed. */
export function endWithReader(): void {
  process.stdout.off('error', onOutputError);
  process.stdout.on('error', onOutputError);
}

function onOutputError(error: Error): void {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
}

/** Writes to standard output, and waits while its reader does not keep up. */
export async function write(chunk: string | Uint8Array): Promise<void> {
  if (process.stdout.write(chunk)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}

/** How often a count on a terminal is written over, in milliseconds. */
const COUNT_EVERY_MS = 200;

/** A count that is written over on a terminal, for work whose end is not known. Elsewhere nothing is shown. */
export function createCounter(label: string, unit: string) {
  let shownAt = performance.now();
  let shown = false;
  return {
    show(count: number): void {
      if (!process.stderr.isTTY || performance.now() - shownAt < COUNT_EVERY_MS) return;
      shownAt = performance.now();
      shown = true;
      process.stderr.write(`\r\x1b[2K${label} ${Math.floor(count).toLocaleString('en-US')} ${unit}`);
    },
    end(): void {
      if (shown) process.stderr.write('\n');
    },
  };
}
