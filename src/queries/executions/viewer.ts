/** For whom executions are read. What others asked for is, to one who does not see all, as if it did not exist. */
export interface Viewer {
  /** As events name it: `user:<id>`. */
  readonly actor: string;
  /** Has the permission `execution:read-all`. */
  readonly seesAll: boolean;
}
