/**
 * A clock that never goes back. It follows the wall clock, and when that is set back, it goes on from where it was: what
 * has expired stays expired, and what is recorded later has no earlier time. A clock that was wrongly ahead is ahead until
 * the process starts anew.
 * @param wall milliseconds since the epoch, which somebody may set
 * @param steady milliseconds since any moment, which nobody can set
 */
export function createForwardClock(wall: () => number, steady: () => number): () => number {
  let ahead = -Infinity;
  return () => {
    // In this order, a pause between the two readings makes the difference smaller, and the larger one stays.
    const now = wall();
    const elapsed = steady();
    ahead = Math.max(ahead, now - elapsed);
    return Math.floor(elapsed + ahead);
  };
}
