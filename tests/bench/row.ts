/** One line of the table: what was measured, against what, and what was hoped for. */
export interface BenchRow {
  readonly what: string;
  /** The measured figure, as people read it: `2,900 calls/s`. */
  readonly value: string;
  /** The floor of the same run, likewise; `–` when the goal is absolute. */
  readonly floor: string;
  /** value / floor, or the figure that the goal speaks of. */
  readonly ratio: string;
  readonly goal: string;
  readonly met: boolean | 'skipped';
}

/** `12345.6` as `12,346`; small figures keep two digits. */
export function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}
