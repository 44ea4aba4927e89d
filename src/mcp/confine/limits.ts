/** What one program may take. Undefined: as much as the machine lets it. */
export interface ProgramLimits {
  /** Bytes that one of its processes may have allocated (RLIMIT_DATA; reserved address space does not count). */
  readonly memoryBytes?: number;
  /** Seconds of processor time that one of its processes may use. */
  readonly cpuSeconds?: number;
  /** Files and sockets that one of its processes may have open. */
  readonly openFiles?: number;
  /** Processes and threads together. Needs a sandbox: elsewhere all processes of a user are counted as one. */
  readonly processes?: number;
}

/**
 * The command `prlimit` (util-linux) with the limits that hold for one process, to be put before another command, which
 * then runs in its place. Empty when nothing is limited.
 */
export function limitCommand(prlimit: string, limits: ProgramLimits): readonly string[] {
  const { memoryBytes, cpuSeconds, openFiles, processes } = limits;
  const options = [
    ...(memoryBytes === undefined ? [] : [`--data=${memoryBytes}`]),
    // One second between the signal that a program may handle and the one that ends it.
    ...(cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}:${cpuSeconds + 1}`]),
    ...(openFiles === undefined ? [] : [`--nofile=${openFiles}`]),
    ...(processes === undefined ? [] : [`--nproc=${processes}`]),
  ];
  return options.length === 0 ? [] : [prlimit, '--core=0', ...options];
}
