import type { Position } from './event-store.ts';
import type { RebuildStatus } from './projection-control.ts';

/** What operators do to read models, each recorded as an event of `projection-<name>`. */
export interface ProjectionOperations<Context> {
  /** Starts a rebuild; its id is the command's. @throws DomainError `projection_not_found`, `rebuild_running` */
  rebuild(context: Context, name: string): Promise<RebuildStatus & { readonly recordedAt: Position }>;
  /** How a rebuild goes, whichever process carries it out. @throws DomainError `projection_not_found`, `rebuild_not_found` */
  rebuildStatus(name: string, rebuildId: string): Promise<RebuildStatus>;
  /** @throws DomainError `projection_not_found`, `no_previous_version` */
  rollBack(context: Context, name: string): Promise<Position>;
  /** @throws DomainError `projection_not_found` */
  retryDeadLetters(
    context: Context,
    name: string,
    stream: string | undefined,
  ): Promise<{ readonly resolved: number; readonly left: number; readonly recordedAt: Position }>;
}
