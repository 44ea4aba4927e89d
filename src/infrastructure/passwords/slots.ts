/** Runs work, at most `count` at one time; what comes meanwhile waits its turn. */
export function createSlots(count: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resume) => void waiting.push(resume));
    try {
      return await work();
    } finally {
      // A slot that somebody waits for goes straight to him.
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
