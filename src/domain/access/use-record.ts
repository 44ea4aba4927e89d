/** Milliseconds between two records that a credential was used. */
export const useRecordedEveryMs = 60_000;

/** Whether a use is so soon after the last one on record that it is not worth another. Times in RFC 3339. */
export function isRecordedAlready(lastUsedAt: string | null, usedAt: string): boolean {
  return lastUsedAt !== null && Date.parse(usedAt) - Date.parse(lastUsedAt) < useRecordedEveryMs;
}
